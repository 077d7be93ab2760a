import stringWidth from 'string-width';
import {describe, expect, it} from 'vitest';

import {wrapText} from '../../../../../src/cli/render/live/wrap-text.js';

function linesOf(text: string, width: number): string[] {
	return wrapText(text, width).map(({start, end}) => text.slice(start, end));
}

describe('wrapText', () => {
	it.each([
		['', 10, []],
		['   ', 10, []],
		['one two three', 7, ['one two', 'three']],
		[' one  two ', 20, ['one  two']],
		['one two', 7, ['one two']],
		['one two three', 6, ['one', 'two', 'three']],
		['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
		['ab cdefghij kl', 4, ['ab', 'cdef', 'ghij', 'kl']],
		['中文字幕很長', 5, ['中文', '字幕', '很長']],
		['say 中文 now', 6, ['say 中', '文 now']],
	])('breaks %j at %d columns', (text, width, lines) => {
		expect(linesOf(text, width)).toEqual(lines);
	});

	it.each([2, 3, 7, 20])('never makes a line wider than %d columns, and loses nothing', width => {
		const text =
			'Grüße 👩‍👩‍👧‍👧 an alle, the quick-brown fox 跳过懒狗。 e\u0301e\u0301e\u0301 incomprehensibilities';
		const lines = linesOf(text, width);
		expect(lines.every(line => stringWidth(line) <= width)).toBe(true);
		expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
	});
});
