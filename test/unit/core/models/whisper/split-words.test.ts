import {describe, expect, it} from 'vitest';
import {splitWords} from '../../../../../src/core/models/whisper/split-words.js';
import {makeVocabulary} from '../../../../helpers/tiny-whisper.js';

/** Splits a text that is written with these tokens, in their order. */
function split(pieces: readonly (string | readonly number[])[], language: string): string[] {
	const words = splitWords([...pieces.keys()], makeVocabulary(pieces), language);
	// Each token belongs to one word, in order.
	expect(words.map(({from}) => from)).toEqual([0, ...words.slice(0, -1).map(({to}) => to)]);
	expect(words.at(-1)?.to).toBe(pieces.length);
	return words.map(({text}) => text);
}

describe('splitWords()', () => {
	it('puts the pieces of a word together, with the space before it', () => {
		expect(split([' Amer', 'icans', ' ask', ' not'], 'en')).toEqual([' Americans', ' ask', ' not']);
	});

	it('keeps what an apostrophe joins', () => {
		expect(split([' don', "'t", ' l', "'", 'homme'], 'fr')).toEqual([" don't", " l'homme"]);
	});

	it('keeps what a hyphen joins, and parts what a dash parts', () => {
		expect(split([' twenty', '-', 'five', ' years', '—', 'no', '…', 'more'], 'en')).toEqual([
			' twenty-five',
			' years—',
			'no…',
			'more',
		]);
	});

	it('gives punctuation to the word it belongs to', () => {
		expect(split([' Yes', ',', ' he', ' said', '.', '"'], 'en')).toEqual([' Yes,', ' he', ' said."']);
		expect(split([' "', 'No', '!"', ' (', 'never', ').'], 'en')).toEqual([' "No!"', ' (never).']);
		expect(split([' ¿', 'Qué', ' tal', '?'], 'es')).toEqual([' ¿Qué', ' tal?']);
	});

	it('keeps punctuation that stands alone', () => {
		expect(split([' ...'], 'en')).toEqual([' ...']);
		expect(split([' "', ' -'], 'en').join('')).toBe(' " -');
	});

	it('splits Chinese and Japanese at every character, with punctuation attached', () => {
		expect(split(['广州', '市', '，', '分析', '。'], 'zh')).toEqual(['广州', '市，', '分析。']);
		expect(split(['「', '今日', 'は', '」', '、', '雨'], 'ja').join('')).toBe('「今日は」、雨');
	});

	it('joins tokens that cut a character', () => {
		const [first, second] = [Buffer.from('桥'), Buffer.from('é')];
		expect(split([[...first.subarray(0, 1)], [...first.subarray(1)], '下'], 'zh')).toEqual(['桥', '下']);
		expect(split([' caf', [...second.subarray(0, 1)], [...second.subarray(1)], ' au'], 'fr')).toEqual([
			' café',
			' au',
		]);
	});

	it('does not lose a character that is cut at the end', () => {
		const [byte] = Buffer.from('桥');
		expect(split(['下', [byte!]], 'zh')).toEqual(['下', '\uFFFD']);
	});

	it('has no words for no tokens', () => {
		expect(splitWords([], makeVocabulary([]), 'en')).toEqual([]);
	});
});
