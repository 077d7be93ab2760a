/**
 * Time per token of a language model: alone at several lengths of its context, eight sessions together, and beside
 * llama.cpp on the same weights with as many threads, run by run in turns:
 *
 *     npx tsx bench/decoder-lm.ts [precision] [python with llama-cpp-python] [model.gguf]
 *
 * Gemma 3 270M is fetched as for the tests. One JSON object on stdout.
 */
import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import type {LanguageModel} from '../src/core/models/decoder-lm/language-model.js';
import {openLanguageModel} from '../src/core/models/decoder-lm/open-language-model.js';
import {PRECISIONS} from '../src/core/models/precision.js';
import {ensureGemma} from '../test/helpers/gemma.js';
import {findBest} from '../test/helpers/greedy.js';
import {median} from './kit/statistics.js';
import {describeMachine} from './machine.js';

const THREADS = 2;
const ROUNDS = 5;
const STEPS = 24;
/** An instruction with its first turns; half of the window of the InfiniSST agent; all of it. */
const CONTEXT_TOKENS = [60, 500, 1000];
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
	run(tokens: readonly number[]): Promise<Run>;
	close(): void;
}

async function openLlamaCpp(python: string, weights: string): Promise<Contestant> {
	const script = fileURLToPath(new URL('contestants/llama-cpp.py', import.meta.url));
	const child = spawn(python, [script, weights, String(THREADS)], {stdio: ['pipe', 'pipe', 'inherit']});
	const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
	const next = async (): Promise<unknown> => {
		const line = (await lines.next()) as IteratorResult<string, undefined>;
		if (line.done === true) throw new Error('llama.cpp has ended');
		return JSON.parse(line.value) as unknown;
	};
	await next();
	return {
		run: async tokens => {
			child.stdin.write(`${JSON.stringify({tokens, steps: STEPS})}\n`);
			return (await next()) as Run;
		},
		close: () => child.stdin.end(),
	};
}

const [name = 'q8', python, weights] = process.argv.slice(2);
const precision = PRECISIONS.find(known => known === name)!;
const model = await openLanguageModel({graphsDirectory: await ensureGemma(precision), threads: THREADS});
const llama = python === undefined || weights === undefined ? undefined : await openLlamaCpp(python, weights);
const text =
	'The committee will meet again on Tuesday to talk about the budget for roads, schools and hospitals. ';
const words = model.tokenizer.encode(text.repeat(100));
const results: unknown[] = [];
for (const length of CONTEXT_TOKENS) {
	const tokens = [model.description.beginToken!, ...words.slice(0, length - 1)];
	const own: Run[] = [];
	const other: Run[] = [];
	for (let round = 0; round < ROUNDS; round++) {
		own.push(await runOwn(model, tokens));
		if (llama !== undefined) other.push(await llama.run(tokens));
	}
	const summarize = (runs: readonly Run[]) =>
		runs.length === 0
			? undefined
			: {
					stepMs: median(runs.flatMap(run => run.stepMs)),
					readMs: median(runs.map(run => run.readMs)),
				};
	results.push({contextTokens: length, own: summarize(own), llamaCpp: summarize(other)});
}
llama?.close();
const prompt = [model.description.beginToken!, ...words.slice(0, 199)];
const together: Record<number, number> = {};
for (const sessions of [1, 2, 4, SESSIONS]) {
	const rates: number[] = [];
	for (let round = 0; round < 3; round++) rates.push(await measureTogether(model, prompt, sessions));
	together[sessions] = median(rates);
}
await model.close();
console.log(
	JSON.stringify(
		{machine: describeMachine(), precision, threads: THREADS, alone: results, tokensPerSecond: together},
		undefined,
		'\t',
	),
);
