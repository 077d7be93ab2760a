import {describe, expect, it} from 'vitest';
import {countWholeWords} from '../../../../../src/core/translation/live/whole-words.js';
import {makeVocabulary} from '../../../../helpers/tiny-whisper.js';

/** The three bytes of 你. */
const [first, second, third] = [...Buffer.from('你')] as [number, number, number];

/** How many pieces are settled, of which `count` may be and `next` follows all. */
function count(
	pieces: readonly (string | readonly number[])[],
	settled: number,
	next?: string | readonly number[],
	hasSpaces = true,
): number {
	const all = next === undefined ? pieces : [...pieces, next];
	return countWholeWords(
		{
			tokens: pieces.map((_, place) => place),
			count: settled,
			next: next === undefined ? undefined : pieces.length,
			hasSpaces,
		},
		makeVocabulary(all),
	);
}

describe('countWholeWords()', () => {
	it.each<[string, string[], number, string | undefined, number]>([
		['nothing of nothing', [], 0, undefined, 0],
		['words that a space follows', [' my', ' fellow'], 1, undefined, 1],
		['no half word, when its rest is there', [' my', ' fel', 'low'], 2, undefined, 1],
		['no half word, when its rest was refused', [' my', ' fel'], 2, 'low', 1],
		['no word of several pieces that lacks one', [' a', ' b', 'c', 'd', 'e'], 4, undefined, 1],
		['a whole word, when the next was refused', [' my', ' fel', 'low'], 3, ' A', 3],
		['nothing, when the only word is cut', [' Ameri'], 1, 'cans', 0],
		['all, when the model has nothing more to say', [' my', ' fellow'], 2, undefined, 2],
	])('settles %s', (_title, pieces, settled, next, expected) => {
		expect(count(pieces, settled, next)).toBe(expected);
	});

	it.each<[string, string[], number, string | undefined, number]>([
		['a word before its full stop', [' country', '.'], 1, undefined, 1],
		['no full stop at the end of the audio', [' country', '.'], 2, undefined, 1],
		['no dots at the end of the audio either, however many', [' so', '.', '.', '.'], 4, undefined, 1],
		['a comma behind which the text goes on', [' so', ',', ' my'], 2, undefined, 2],
		['a full stop behind which something was refused', [' so', '.'], 2, ' My', 2],
		['a comma and the word behind it', [' so', ',', ' my'], 3, undefined, 3],
		['no closing quote at the end of the audio', [' so', '."'], 2, undefined, 1],
	])('settles %s', (_title, pieces, settled, next, expected) => {
		expect(count(pieces, settled, next)).toBe(expected);
	});

	it.each<[string, string[], number, string | undefined, number]>([
		['an apostrophe', [' l', "'", 'homme'], 1, undefined, 0],
		['a typographic apostrophe', [' l', '’', 'homme'], 1, undefined, 0],
		['a hyphen', [' well', '-', 'known', ' man'], 1, undefined, 0],
		['a hyphen that was refused', [' well'], 1, '-', 0],
		['an apostrophe with letters', [' don', "'t", ' go'], 1, undefined, 0],
	])('does not take %s for the end of a word', (_title, pieces, settled, next, expected) => {
		expect(count(pieces, settled, next)).toBe(expected);
	});

	it('takes a dash that stands free for the end of a word', () => {
		expect(count([' fellow', ' -', ' ask'], 1)).toBe(1);
	});

	it('keeps the parts of a character together', () => {
		const pieces = ['好', [first], [second], [third]];
		for (const [settled, expected] of [0, 1, 1, 1, 4].entries())
			expect(count(pieces, settled, undefined, false)).toBe(expected);
		expect(count(['好', [first, second]], 2, [third], false)).toBe(1);
		expect(count([[first]], 1, [second, third], false)).toBe(0);
	});

	it('settles each character where words are not apart', () => {
		expect(count(['我', '的', '国'], 2, undefined, false)).toBe(2);
		expect(count(['我', '的', '国'], 2, undefined, true)).toBe(0);
		expect(count(['我', '的'], 2, '国', false)).toBe(2);
		expect(count(['我', '的', '。'], 3, undefined, false)).toBe(2);
		expect(count(['我', '的', '。'], 3, '国', false)).toBe(3);
	});
});
