/**
 * How often the terms of a glossary are written as asked for, with the glossary and without.
 *
 *     npm run bench:text-glossary [-- --precision q8] [--docs]
 *
 * A talk of our own, sentence by sentence and four words a turn as it would come from a speaker, through the InfiniSST
 * agent on Gemma 3 270M (a base model, and the only one that can be had without a hub) and through the incremental
 * cascade on an encoder-decoder model of random weights: that one writes nonsense, so what it shows is the way that
 * terms are forced, and nothing of how they fit in. Needs pip.
 */
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {fileURLToPath} from 'node:url';
import type {GlossaryEntry} from '../src/core/engine/engine.js';
import {PRECISIONS} from '../src/core/models/precision.js';
import {findTerms, hasTerm} from '../src/core/translation/text/cascade/find-terms.js';
import {openTextTranslator} from '../src/core/translation/text/open-text-translator.js';
import type {SourceTurn, TextTranslator} from '../src/core/translation/text/text-translator.js';
import {ensureGemma} from '../test/helpers/gemma.js';
import {buildTranslationModel} from '../test/helpers/random-translation-model.js';
import {replaceBetweenMarkers} from './kit/replace-between-markers.js';
import {defaultResultsPath, writeResults} from './kit/results-file.js';
import {formatTable} from './kit/table.js';
import {describeMachine, describeMachineShortly} from './machine.js';
import {TALK, talkGlossary, TALK_TARGETS, type TalkTarget} from './text/glossary-talk.js';

const WORDS_PER_TURN = 4;

const {values: flags} = parseArgs({
	options: {
		precision: {type: 'string', default: 'q8'},
		docs: {type: 'boolean', default: false},
		output: {type: 'string', default: defaultResultsPath('text-glossary')},
	},
});
const precision = PRECISIONS.find(known => known === flags.precision);
if (precision === undefined) throw new Error(`--precision is one of ${PRECISIONS.join(', ')}`);

interface TermCount {
	readonly said: number;
	readonly kept: number;
	readonly texts: readonly string[];
}

/** @param counted - terms that count, said or not in the glossary that is given. */
async function sayTalk(
	translator: TextTranslator,
	target: TalkTarget,
	glossary: readonly GlossaryEntry[],
	counted: readonly GlossaryEntry[],
): Promise<TermCount> {
	const translation = translator.open({sourceLanguage: 'en', target, latencyMultiplier: 2, glossary});
	let said = 0;
	let kept = 0;
	const texts: string[] = [];
	for (const sentence of TALK) {
		let text = '';
		for (const turn of turnsOf(sentence)) {
			text += (await translation.translate(turn)).words.map(word => word.text).join('');
		}
		// As the source of a live session is counted: in what was said and is final.
		const terms = new Set(findTerms(wordsOf(sentence), counted, 'en').map(({entry}) => entry.target));
		said += terms.size;
		kept += [...terms].filter(term => hasTerm(text, term, target)).length;
		texts.push(text.trim());
	}
	translation.close();
	return {said, kept, texts};
}

function wordsOf(sentence: string): readonly string[] {
	return sentence.split(' ').map(word => ` ${word}`);
}

function turnsOf(sentence: string): readonly SourceTurn[] {
	const words = wordsOf(sentence).map((text, place) => ({
		text,
		startMs: place * 400,
		endMs: (place + 1) * 400,
	}));
	const turns = Math.ceil(words.length / WORDS_PER_TURN);
	return Array.from({length: turns}, (_, turn) => ({
		words: words.slice(turn * WORDS_PER_TURN, (turn + 1) * WORDS_PER_TURN),
		closes: turn === turns - 1,
	}));
}

interface Contestant {
	readonly name: string;
	readonly translator: TextTranslator;
}

async function openGemma(): Promise<TextTranslator> {
	const languages = ['en', ...TALK_TARGETS];
	return openTextTranslator({
		family: 'decoder-lm',
		graphsDirectory: await ensureGemma(precision!),
		name: 'gemma-3-270m',
		languages,
		targets: languages,
		threads: 2,
	});
}

const folder = await mkdtemp(join(tmpdir(), 'infinisst-bench-'));

async function openRandom(): Promise<TextTranslator> {
	const graphsDirectory = await buildTranslationModel('nllb', 'fp32', {parent: folder});
	const family = 'seq2seq';
	return openTextTranslator({family, graphsDirectory, name: 'nllb', languages: [], targets: [], threads: 2});
}

const contestants: readonly Contestant[] = [
	{name: 'agent, gemma-3-270m', translator: await openGemma()},
	{name: 'cascade, random NLLB', translator: await openRandom()},
];
interface Result extends TermCount {
	readonly name: string;
	readonly target: TalkTarget;
	readonly hasGlossary: boolean;
}

const results: Result[] = [];
for (const {name, translator} of contestants) {
	for (const target of TALK_TARGETS) {
		const glossary = talkGlossary(target);
		for (const given of [[], glossary]) {
			const counts = await sayTalk(translator, target, given, glossary);
			results.push({name, target, hasGlossary: given.length > 0, ...counts});
			console.error(`${name}, ${target}, ${given.length} terms given: ${counts.kept} of ${counts.said}`);
		}
	}
	await translator.close();
}
await rm(folder, {recursive: true, force: true});

const machine = describeMachine();
const table = formatTable(
	['terms as asked for', ...TALK_TARGETS],
	contestants.flatMap(({name}) =>
		[false, true].map(hasGlossary => [
			`${name}, ${hasGlossary ? 'with the glossary' : 'without'}`,
			...TALK_TARGETS.map(target => {
				const {kept, said} = results.find(
					each => each.name === name && each.target === target && each.hasGlossary === hasGlossary,
				)!;
				return `${kept} of ${said} (${Math.round((100 * kept) / said)} %)`;
			}),
		]),
	),
);
const note = `${TALK.length} sentences and ${talkGlossary('de').length} terms of our own (bench/text/glossary-talk.ts), ${WORDS_PER_TURN} words a turn, multiplier 2; gemma-3-270m Q4_K_M as ${precision}. ${describeMachineShortly(machine)}.`;
console.log(`${table}\n\n${note}`);
await writeResults(flags.output, {machine, precision, talk: TALK, results});
if (flags.docs) {
	const page = fileURLToPath(new URL('../docs/text-translation.md', import.meta.url));
	const document = await readFile(page, 'utf8');
	await writeFile(page, replaceBetweenMarkers(document, 'glossary', `${table}\n\n${note}`));
}
