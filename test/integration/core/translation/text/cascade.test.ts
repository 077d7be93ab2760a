import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {openSeq2seqTranslator} from '../../../../../src/core/translation/text/cascade/open-seq2seq-translator.js';
import type {
	SourceTurn,
	TargetWord,
	TextTranslation,
	TextTranslator,
} from '../../../../../src/core/translation/text/text-translator.js';
import {buildTranslationModel} from '../../../../helpers/random-translation-model.js';

const TEXT =
	'Nobody knows how long the meeting will take. The library is open from nine to six, please write it down. ' +
	'A small model learns very little, but it learns it quickly';

/** Words of the text from one of them on, in turns of one to three. */
function turnsFrom(first: number): SourceTurn[] {
	const words = TEXT.split(' ')
		.slice(first)
		.map((word, place) => ({text: ` ${word}`, startMs: 300 * place, endMs: 300 * place + 250}));
	const turns: SourceTurn[] = [];
	for (let at = 0; at < words.length;) {
		const length = 1 + ((at + first) % 3);
		turns.push({words: words.slice(at, at + length), closes: false});
		at += length;
	}
	return [...turns, {words: [], closes: true}];
}

// A model that has learned nothing writes nonsense, but in the same tokens, and with the same machinery, as a real one.
describe.each([
	['marian', 'int8', 'de'],
	['nllb', 'q8', 'zh'],
] as const)('the cascade with a random %s in %s', (name, precision, target) => {
	let parent: string;
	let translator: TextTranslator;
	const terms: boolean[] = [];

	beforeAll(async () => {
		parent = await mkdtemp(join(tmpdir(), 'infinisst-test-'));
		const directory = await buildTranslationModel(name, precision, {parent});
		translator = await openSeq2seqTranslator({
			directory,
			name,
			beams: 2,
			onTerm: isKept => terms.push(isKept),
		});
	});
	afterAll(async () => {
		await translator.close();
		await rm(parent, {recursive: true, force: true});
	});

	async function run(first: number, restoresAt = -1, glossary = {}): Promise<TargetWord[]> {
		const options = {sourceLanguage: 'en', target, latencyMultiplier: 2 as const};
		const entries = Object.entries(glossary).map(([source, written]) => ({source, target: String(written)}));
		let translation: TextTranslation = translator.open({...options, glossary: entries});
		const told: TargetWord[] = [];
		let heardMs = 0;
		for (const [place, turn] of turnsFrom(first).entries()) {
			if (place === restoresAt) {
				const state = structuredClone(translation.checkpoint());
				translation = translator.open({...options, glossary: entries}, state);
			}
			heardMs = turn.words.at(-1)?.endMs ?? heardMs;
			const {words} = await translation.translate(turn);
			for (const {startMs, endMs, probability} of words) {
				expect(startMs).toBeGreaterThanOrEqual(told.at(-1)?.startMs ?? 0);
				expect(endMs).toBeGreaterThanOrEqual(startMs);
				expect(endMs).toBeLessThanOrEqual(heardMs);
				expect(probability).toBeGreaterThan(0);
				expect(probability).toBeLessThanOrEqual(1);
			}
			told.push(...words);
		}
		return told;
	}

	it('writes the same text whoever else speaks, and wherever it was moved', async () => {
		const alone = await run(0);
		expect(alone.length).toBeGreaterThan(10);
		const [together, ...others] = await Promise.all([run(0, 5), run(9), run(0)]);
		expect(together).toEqual(alone);
		expect(others.at(-1)).toEqual(alone);
	});

	it('writes the terms of a glossary, and says how many', async () => {
		terms.length = 0;
		const written = target === 'zh' ? '公园' : 'Sitzung';
		const words = await run(0, -1, {meeting: written});
		expect(terms).toEqual([true]);
		expect(words.map(({text}) => text).join('')).toContain(written);
	});
});
