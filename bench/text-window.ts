/**
 * An endless talk through the InfiniSST agent: what a turn costs, in time and memory, as thousands of them pass, and what
 * the window of the cache does to the text before it is full.
 *
 *     npm run bench:text-window -- [--turns 10000] [--model tiny|gemma] [--window 1000] [--docs] [--verbose]
 *
 * `tiny` is a random Llama of two layers through the same graph and the same agent: ten thousand turns, in which what is
 * ours and grows would show. `gemma` is Gemma 3 270M: 1800 turns are an hour of speech. Needs ../shared, pip for Gemma.
 */
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {fileURLToPath} from 'node:url';
import {openLanguageModel} from '../src/core/models/decoder-lm/open-language-model.js';
import {openAgentTranslator} from '../src/core/translation/text/agent/open-agent-translator.js';
import type {TextTranslation, TextTranslator} from '../src/core/translation/text/text-translator.js';
import {createRandom} from '../src/core/util/random.js';
import {ensureGemma} from '../test/helpers/gemma.js';
import {buildGraph, readGoldens, writeRandomModel} from '../test/helpers/random-language-model.js';
import {readDevSet} from './kit/dev-set.js';
import {replaceBetweenMarkers} from './kit/replace-between-markers.js';
import {defaultResultsPath, writeResults} from './kit/results-file.js';
import {median} from './kit/statistics.js';
import {formatTable} from './kit/table.js';
import {describeMachine, describeMachineShortly} from './machine.js';

/** Of speech: two and a half words a second. */
const WORDS_PER_TURN = 5;
const TURN_MS = 2000;

/** Turns that a window of 1000 tokens is not yet full after. */
const EARLY_TURNS = 20;

/** Parts of the run that are compared. */
const PARTS = 10;

const {values: flags} = parseArgs({
	options: {
		turns: {type: 'string'},
		model: {type: 'string', default: 'tiny'},
		window: {type: 'string'},
		docs: {type: 'boolean', default: false},
		verbose: {type: 'boolean', default: false},
		output: {type: 'string', default: defaultResultsPath('text-window')},
	},
});
const isTiny = flags.model === 'tiny';
const turns = Number(flags.turns ?? (isTiny ? 10_000 : 1800));
// The tiny one reads bytes: its instruction alone has 800.
const maxCacheTokens = Number(flags.window ?? (isTiny ? 1500 : 1000));

const words = (await readDevSet())
	.filter(({language}) => language === 'en')
	.flatMap(({transcript}) => transcript.split(/\s+/));
const folder = await mkdtemp(join(tmpdir(), 'infinisst-bench-'));
const graphsDirectory = isTiny ? await buildTiny() : await ensureGemma('q8');

async function buildTiny(): Promise<string> {
	const {models} = await readGoldens();
	const model = models['llama']!;
	const config = {...model.config, max_position_embeddings: 100_000};
	await writeRandomModel(folder, {...model, config});
	return buildGraph(folder, 'fp32');
}

async function openTranslator(window: number): Promise<TextTranslator> {
	const model = await openLanguageModel({graphsDirectory, threads: 2});
	return openAgentTranslator({model, name: flags.model, languages: ['en', 'de'], maxCacheTokens: window});
}

async function say(translation: TextTranslation, turn: number): Promise<string> {
	const said = Array.from({length: WORDS_PER_TURN}, (_, index) => {
		const place = turn * WORDS_PER_TURN + index;
		const startMs = turn * TURN_MS + (index * TURN_MS) / WORDS_PER_TURN;
		return {text: ` ${words[place % words.length]!}`, startMs, endMs: startMs + TURN_MS / WORDS_PER_TURN};
	});
	const written = await translation.translate({words: said, closes: false});
	return written.words.map(({text}) => text).join('');
}

const open = (translator: TextTranslator): TextTranslation =>
	translator.open({sourceLanguage: 'en', target: 'de', latencyMultiplier: 1, glossary: []});

async function sayAll(window: number, count: number): Promise<string> {
	const translator = await openTranslator(window);
	const translation = open(translator);
	let text = '';
	for (let turn = 0; turn < count; turn++) text += await say(translation, turn);
	await translator.close();
	return text;
}

const narrow = await sayAll(maxCacheTokens, EARLY_TURNS);
const wide = await sayAll(100_000, EARLY_TURNS);

const translator = await openTranslator(maxCacheTokens);
const translation = open(translator);
const turnMs: number[] = [];
/** Of all threads: what other programs of the machine do is hardly in it. */
const processorMs: number[] = [];
const residentMB: number[] = [];
let characters = 0;
const random = createRandom(1);
for (let turn = 0; turn < turns; turn++) {
	const startMs = performance.now();
	const begin = process.cpuUsage();
	characters += (await say(translation, turn)).length;
	turnMs.push(performance.now() - startMs);
	const {user, system} = process.cpuUsage(begin);
	processorMs.push((user + system) / 1000);
	if (flags.verbose && turn % 100 === 99) console.error(`${turn + 1} turns`);
	// Now and then, at no fixed beat that a collection could keep step with.
	if (random() < (PARTS * 20) / turns) residentMB.push(process.memoryUsage.rss() / 1e6);
}
const stateBytes = JSON.stringify(translation.checkpoint()).length;
await translator.close();

const size = Math.floor(turns / PARTS);
const parts = Array.from({length: PARTS}, (_, part) => {
	const ofPart = (all: readonly number[]): number[] => all.slice(part * size, (part + 1) * size);
	const mine = ofPart(turnMs).sort((a, b) => a - b);
	const spent = ofPart(processorMs);
	const from = Math.floor((part * residentMB.length) / PARTS);
	const to = Math.floor(((part + 1) * residentMB.length) / PARTS);
	return {
		turns: `${part * size + 1} - ${(part + 1) * size}`,
		medianMs: median(mine),
		p95Ms: mine[Math.floor(mine.length * 0.95)]!,
		// A turn that only collects words costs nothing, so the mean.
		processorMs: spent.reduce((sum, ms) => sum + ms, 0) / spent.length,
		residentMB: Math.max(...residentMB.slice(from, to)),
	};
});
const machine = describeMachine();
const table = formatTable(
	['turns', 'CPU ms, mean', 'median ms', 'p95 ms', 'RSS MB'],
	parts.map(part => [
		part.turns,
		part.processorMs.toFixed(1),
		part.medianMs.toFixed(1),
		part.p95Ms.toFixed(1),
		part.residentMB.toFixed(0),
	]),
);
const note = [
	`${flags.model}, ${turns} turns of ${WORDS_PER_TURN} words (${((turns * TURN_MS) / 3.6e6).toFixed(1)} h of speech), window ${maxCacheTokens} tokens, ${characters} characters written, state of ${stateBytes} bytes.`,
	`With and without the window the first ${EARLY_TURNS} turns gave ${narrow === wide ? 'the same text' : 'DIFFERENT texts'}.`,
	`${describeMachineShortly(machine)}.`,
].join(' ');
console.log(`${table}\n\n${note}`);
await writeResults(flags.output.replace('.json', `-${flags.model}.json`), {
	machine,
	turns,
	maxCacheTokens,
	parts,
	stateBytes,
	isSameBeforeFull: narrow === wide,
});
if (flags.docs) {
	const page = fileURLToPath(new URL('../docs/text-translation.md', import.meta.url));
	const marker = `window-${flags.model}`;
	await writeFile(page, replaceBetweenMarkers(await readFile(page, 'utf8'), marker, `${table}\n\n${note}`));
}
await rm(folder, {recursive: true, force: true});
