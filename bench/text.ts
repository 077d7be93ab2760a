/**
 * Text translation of real English speech, end to end: recognised by Whisper, translated into four languages by a
 * language model, of whole files and live, several languages from one recognition.
 *
 *     npm run bench:text [-- --multiplier 2] [--precision q8] [--docs]
 *
 * The model is Gemma 3 270M, a base model of 270 million weights and the only one that can be had without a hub: it shows
 * that the way works, not how well a good model translates. Beside it stand a text that was not translated at all, and an
 * oracle that knows the references by heart: what its text lacks was lost on the way. Needs a build, ../shared and pip.
 */
import {readFile, writeFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {fileURLToPath} from 'node:url';
import {openModelStore} from '../src/cli/open-model-store.js';
import {openAudio} from '../src/core/audio/open-audio.js';
import {chainEngine} from '../src/core/engine/chain/chain-engine.js';
import type {Engine, LatencyMultiplier} from '../src/core/engine/engine.js';
import {openWhisperReplica} from '../src/core/engine/whisper-replica.js';
import {DEFAULT_PRECISION, PRECISIONS} from '../src/core/models/precision.js';
import {corpusBleu} from '../src/core/scoring/bleu.js';
import {corpusChrf} from '../src/core/scoring/chrf.js';
import {openTextTranslator} from '../src/core/translation/text/open-text-translator.js';
import {createOracleTranslator} from '../src/core/translation/text/testing/oracle-translator.js';
import type {TextTranslator} from '../src/core/translation/text/text-translator.js';
import {translateCaptions} from '../src/core/translation/text/translate-captions.js';
import type {TranslationEvent} from '../src/core/translation/translation-event.js';
import {openWhisperFileTranslator} from '../src/core/translation/whisper-file-translator.js';
import {ensureGemma} from '../test/helpers/gemma.js';
import {runSession} from '../test/contract/run-session.js';
import {readDevSet, type DevClip} from './kit/dev-set.js';
import {readSamples} from './kit/read-samples.js';
import {replaceBetweenMarkers} from './kit/replace-between-markers.js';
import {defaultResultsPath, writeResults} from './kit/results-file.js';
import {formatTable} from './kit/table.js';
import {describeMachine, describeMachineShortly} from './machine.js';

const TARGETS = ['de', 'es', 'it', 'zh'];

const {values: flags} = parseArgs({
	options: {
		multiplier: {type: 'string', default: '2'},
		precision: {type: 'string', default: 'q8'},
		docs: {type: 'boolean', default: false},
		output: {type: 'string', default: defaultResultsPath('text')},
	},
});
const latencyMultiplier = Number(flags.multiplier) as LatencyMultiplier;
const precision = PRECISIONS.find(known => known === flags.precision);
if (precision === undefined) throw new Error(`--precision is one of ${PRECISIONS.join(', ')}`);

/** English clips with references in all four languages. */
const clips = (await readDevSet()).filter(
	({language, translations}) =>
		language === 'en' && TARGETS.every(target => translations[target] !== undefined),
);
const store = openModelStore({env: process.env, cwd: process.cwd()});
const {name: hearing} = await store.pull(store.catalogue.defaultModel);
const graphsDirectory = await store.ensureGraphs(hearing, DEFAULT_PRECISION);
const gemmaDirectory = await ensureGemma(precision);

/** By target, in the order of the clips. */
type Texts = ReadonlyMap<string, readonly string[]>;

function openGemma(): Promise<TextTranslator> {
	const languages = ['en', ...TARGETS];
	return openTextTranslator({
		family: 'decoder-lm',
		graphsDirectory: gemmaDirectory,
		name: 'gemma-3-270m',
		languages,
		targets: languages,
		threads: 2,
	});
}

async function readCaptions(): Promise<readonly (readonly TranslationEvent[])[]> {
	const translator = await openWhisperFileTranslator({graphsDirectory});
	const all: TranslationEvent[][] = [];
	for (const {path} of clips) {
		const audio = await openAudio({kind: 'file', path}, {});
		const events: TranslationEvent[] = [];
		const options = {sourceLanguage: 'en', task: 'transcribe', words: true} as const;
		for await (const event of translator.translate(audio, options)) events.push(event);
		all.push(events);
	}
	await translator.close();
	return all;
}

async function translateFiles(
	captions: readonly (readonly TranslationEvent[])[],
	translatorOf: (clip: number) => TextTranslator,
): Promise<Texts> {
	const texts = new Map(TARGETS.map(target => [target, [] as string[]]));
	for (const [index, events] of captions.entries()) {
		const written = new Map(TARGETS.map(target => [target, [] as string[]]));
		const targets = TARGETS.map(target => ({target, translator: translatorOf(index)}));
		for await (const event of translateCaptions(play(events), {targets, sourceLanguage: 'en'})) {
			if (event.type === 'segment-final') written.get(event.target!)!.push(event.segment.text);
		}
		for (const [target, parts] of written) texts.get(target)!.push(parts.join(target === 'zh' ? '' : ' '));
	}
	return texts;
}

async function translateLive(openChain: (clip: number) => Promise<Engine>): Promise<Texts> {
	const texts = new Map(TARGETS.map(target => [target, [] as string[]]));
	for (const [index, {path}] of clips.entries()) {
		const chain = await openChain(index);
		const audio = await readSamples(path);
		const options = {sourceLanguage: 'en', targets: TARGETS, latencyMultiplier, partials: false};
		const updates = await runSession(chain, {audio, options, chunkSamples: 1600});
		for (const target of TARGETS) {
			const finals = updates.flatMap(({events}) =>
				events.flatMap(event => (event.type === 'text-final' && event.target === target ? [event.text] : [])),
			);
			texts.get(target)!.push(finals.join('').trim());
		}
		await chain.close();
	}
	return texts;
}

async function* play(events: readonly TranslationEvent[]): AsyncGenerator<TranslationEvent> {
	for (const event of events) yield await Promise.resolve(event);
}

async function openChain(translator: TextTranslator): Promise<Engine> {
	const speech = await openWhisperReplica({graphsDirectory, id: 'speech', threads: 2});
	return chainEngine({id: 'chain', speech, translators: [translator]});
}

const referencesOf = (target: string): string[] => clips.map(({translations}) => translations[target]!);

function score(texts: Texts): readonly {target: string; chrf: number; bleu: number}[] {
	return TARGETS.map(target => {
		const [hypotheses, references] = [texts.get(target)!, referencesOf(target)];
		const tokenizer = target === 'zh' ? ('zh' as const) : ('13a' as const);
		return {
			target,
			chrf: corpusChrf(hypotheses, references).score,
			bleu: corpusBleu(hypotheses, references, {tokenizer}).score,
		};
	});
}

const captions = await readCaptions();
const heard = captions.map(events =>
	events.flatMap(event => (event.type === 'segment-final' ? [event.segment.text] : [])).join(' '),
);
const lastWordOf = (index: number): number => {
	const words = captions[index]!.flatMap(event =>
		event.type === 'segment-final' ? (event.segment.words ?? []) : [],
	);
	// Live and of the whole file a word's end may differ a little.
	return (words.at(-1)?.endMs ?? 1000) - 700;
};
const oracle = (index: number): TextTranslator =>
	createOracleTranslator({
		sourceLanguage: 'en',
		translations: pick(clips[index]!),
		lastWordMs: lastWordOf(index),
	});

function pick({translations}: DevClip): Record<string, string> {
	return Object.fromEntries(TARGETS.map(target => [target, translations[target]!]));
}

const gemma = await openGemma();
const rows = [
	{name: 'what was heard, not translated', texts: new Map(TARGETS.map(target => [target, heard] as const))},
	{name: 'gemma-3-270m, whole files', texts: await translateFiles(captions, () => gemma)},
	{
		name: `gemma-3-270m, live, multiplier ${latencyMultiplier}`,
		texts: await translateLive(async () => openChain(await openGemma())),
	},
	{name: 'oracle, whole files', texts: await translateFiles(captions, oracle)},
	{
		name: `oracle, live, multiplier ${latencyMultiplier}`,
		texts: await translateLive(index => openChain(oracle(index))),
	},
];
await gemma.close();

const results = rows.map(({name, texts}) => ({name, scores: score(texts), texts: Object.fromEntries(texts)}));
const machine = describeMachine();
const table = formatTable(
	['chrF (BLEU)', ...TARGETS],
	results.map(({name, scores}) => [
		name,
		...scores.map(({chrf, bleu}) => `${chrf.toFixed(1)} (${bleu.toFixed(1)})`),
	]),
);
const note = `whisper-base ${DEFAULT_PRECISION}, gemma-3-270m Q4_K_M as ${precision}; ${clips.length} clips: ${clips.map(({file}) => file).join(', ')}. ${describeMachineShortly(machine)}.`;
console.log(`${table}\n\n${note}`);
await writeResults(flags.output, {
	machine,
	latencyMultiplier,
	precision,
	clips: clips.map(({file}) => file),
	heard,
	results,
});
if (flags.docs) {
	const page = fileURLToPath(new URL('../docs/text-translation.md', import.meta.url));
	const document = await readFile(page, 'utf8');
	await writeFile(page, replaceBetweenMarkers(document, 'text', `${table}\n\n${note}`));
}
