/**
 * Time per token of a language model: alone at several lengths of its context and eight sessions together; in the same
 * run, by turns, llama.cpp on the same weights and transformers.js on an export of them, with as many threads:
 *
 *     npx tsx bench/decoder-lm.ts [--precision q8] [--contexts 60,500,1000,2000] [--rounds 3] [--docs]
 *         [--llama-cpp PYTHON --weights model.gguf] [--transformers-js FOLDER]
 *
 * PYTHON has llama-cpp-python; FOLDER is made by `bench/peers/export_language_model.py`, and `npm run bench:peers`
 * installs what runs it. Gemma 3 270M is fetched as for the tests.
 */
import {spawn} from 'node:child_process';
import {readFile, writeFile} from 'node:fs/promises';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import type {LanguageModel} from '../src/core/models/decoder-lm/language-model.js';
import {openLanguageModel} from '../src/core/models/decoder-lm/open-language-model.js';
import {PRECISIONS} from '../src/core/models/precision.js';
import {ensureGemma} from '../test/helpers/gemma.js';
import {findBest} from '../test/helpers/greedy.js';
import {replaceBetweenMarkers} from './kit/replace-between-markers.js';
import {defaultResultsPath, writeResults} from './kit/results-file.js';
import {median} from './kit/statistics.js';
import {formatTable} from './kit/table.js';
import {describeMachine, describeMachineShortly} from './machine.js';
import {PEER_HOME} from './peers/peer-home.js';

const THREADS = 2;
const STEPS = 24;
const SESSIONS = 8;

interface Run {
	readonly readMs: number;
	readonly stepMs: readonly number[];
	readonly answer: readonly number[];
}

async function runOwn(model: LanguageModel, tokens: readonly number[]): Promise<Run> {
	const context = model.openContext();
	let startMs = performance.now();
	let logits = await model.step(context, tokens);
	const readMs = performance.now() - startMs;
	const stepMs: number[] = [];
	const answer: number[] = [];
	for (let step = 0; step < STEPS; step++) {
		const token = findBest(logits);
		answer.push(token);
		startMs = performance.now();
		logits = await model.step(context, [token]);
		stepMs.push(performance.now() - startMs);
	}
	context.destroy();
	return {readMs, stepMs, answer};
}

/** Tokens a second that so many sessions get together. */
async function measureTogether(
	model: LanguageModel,
	tokens: readonly number[],
	sessions: number,
): Promise<number> {
	const contexts = Array.from({length: sessions}, () => model.openContext());
	const starts = await Promise.all(contexts.map(context => model.step(context, tokens)));
	const startMs = performance.now();
	await Promise.all(
		contexts.map(async (context, index) => {
			let logits = starts[index]!;
			for (let step = 0; step < STEPS; step++) logits = await model.step(context, [findBest(logits)]);
		}),
	);
	const seconds = (performance.now() - startMs) / 1000;
	for (const context of contexts) context.destroy();
	return (sessions * STEPS) / seconds;
}

interface Contestant {
	readonly version: string;
	run(tokens: readonly number[]): Promise<Run>;
	close(): void;
}

/** A program that answers a line for each line it is given. */
async function openPeer(program: string, args: readonly string[]): Promise<Contestant> {
	const child = spawn(program, args, {stdio: ['pipe', 'pipe', 'inherit']});
	const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
	const next = async (): Promise<unknown> => {
		const line = (await lines.next()) as IteratorResult<string, undefined>;
		if (line.done === true) throw new Error(`${program} has ended`);
		return JSON.parse(line.value) as unknown;
	};
	const {version} = (await next()) as {readonly version: string};
	return {
		version,
		run: async tokens => {
			child.stdin.write(`${JSON.stringify({tokens, steps: STEPS})}\n`);
			return (await next()) as Run;
		},
		close: () => child.stdin.end(),
	};
}

const {values: flags} = parseArgs({
	options: {
		precision: {type: 'string', default: 'q8'},
		contexts: {type: 'string', default: '60,500,1000,2000'},
		rounds: {type: 'string', default: '3'},
		'llama-cpp': {type: 'string'},
		weights: {type: 'string'},
		'transformers-js': {type: 'string'},
		docs: {type: 'boolean', default: false},
		output: {type: 'string', default: defaultResultsPath('decoder-lm')},
	},
});
const rounds = Number(flags.rounds);
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const precision = PRECISIONS.find(known => known === flags.precision)!;
const model = await openLanguageModel({graphsDirectory: await ensureGemma(precision), threads: THREADS});
const contestants = new Map<string, Contestant>([
	['infinisst', {version: 'this', run: tokens => runOwn(model, tokens), close: () => undefined}],
]);
const {'llama-cpp': python, weights, 'transformers-js': exported} = flags;
if (python !== undefined && weights !== undefined) {
	const args = [script('contestants/llama-cpp.py'), weights, String(THREADS)];
	contestants.set('llama.cpp', await openPeer(python, args));
}
if (exported !== undefined) {
	const args = [script('peers/language-model-peer.js'), PEER_HOME.transformersJs, exported, String(THREADS)];
	contestants.set('transformers.js', await openPeer(process.execPath, args));
}

const text =
	'The committee will meet again on Tuesday to talk about the budget for roads, schools and hospitals. ';
const words = model.tokenizer.encode(text.repeat(250));

interface Summary {
	readonly stepMs: number;
	readonly readMs: number;
}

interface Result {
	readonly contextTokens: number;
	readonly contestants: Readonly<Record<string, Summary>>;
}

async function measureContext(contextTokens: number): Promise<Result> {
	const tokens = [model.description.beginToken!, ...words.slice(0, contextTokens - 1)];
	const runs = new Map<string, Run[]>([...contestants.keys()].map(name => [name, []]));
	for (let round = 0; round < rounds; round++) {
		for (const [name, contestant] of contestants) runs.get(name)!.push(await contestant.run(tokens));
	}
	const summarize = (list: readonly Run[]): Summary => ({
		stepMs: median(list.flatMap(run => run.stepMs)),
		readMs: median(list.map(run => run.readMs)),
	});
	const summaries = [...runs].map(([name, list]) => [name, summarize(list)] as const);
	return {contextTokens, contestants: Object.fromEntries(summaries)};
}

const alone: Result[] = [];
for (const length of flags.contexts.split(',')) alone.push(await measureContext(Number(length)));
for (const contestant of contestants.values()) contestant.close();

const prompt = [model.description.beginToken!, ...words.slice(0, 199)];
const together: Record<number, number> = {};
for (const sessions of [1, 2, 4, SESSIONS]) {
	const rates: number[] = [];
	for (let round = 0; round < 3; round++) rates.push(await measureTogether(model, prompt, sessions));
	together[sessions] = median(rates);
}
await model.close();

const machine = describeMachine();
const names = [...contestants.keys()];
const others = names.slice(1);
const own = ({contestants: all}: Result): Summary => all['infinisst']!;
const aloneTable = formatTable(
	[
		'tokens in the context',
		'ms a token',
		...others.flatMap(name => [name, 'ratio']),
		'ms to read them all',
		...others,
	],
	alone.map(result => [
		String(result.contextTokens),
		own(result).stepMs.toFixed(1),
		...others.flatMap(name => {
			const {stepMs} = result.contestants[name]!;
			return [stepMs.toFixed(1), (own(result).stepMs / stepMs).toFixed(2)];
		}),
		...names.map(name => result.contestants[name]!.readMs.toFixed(0)),
	]),
);
const togetherTable = formatTable(
	['sessions of 200 tokens', 'tokens a second, all together', 'against one'],
	Object.entries(together).map(([sessions, rate]) => [
		sessions,
		rate.toFixed(0),
		(rate / together[1]!).toFixed(2),
	]),
);
const versions = [...contestants]
	.slice(1)
	.map(([name, {version}]) => `${name} ${version}`)
	.join(', ');
const note = `Gemma 3 270M, ${precision}, ${THREADS} threads, greedy; ${versions}. ${describeMachineShortly(machine)}.`;
const report = [aloneTable, togetherTable, note].join('\n\n');
console.log(report);
await writeResults(flags.output, {
	machine,
	precision,
	threads: THREADS,
	versions,
	alone,
	tokensPerSecond: together,
});
if (flags.docs) {
	const page = script('../docs/language-models.md');
	await writeFile(page, replaceBetweenMarkers(await readFile(page, 'utf8'), 'decoder-lm', report));
}
