import {describe, expect, it} from 'vitest';

import {splitBreakable} from '../../../../src/core/subtitles/split-breakable.js';

function split(text: string, language = 'en', maxWidth = 42): string[] {
	return splitBreakable(text, language, maxWidth).map(({start, end}) => text.slice(start, end));
}

describe('splitBreakable', () => {
	it('breaks at spaces and keeps punctuation with its word', () => {
		expect(split('Well, (said he) go!')).toEqual(['Well,', '(said', 'he)', 'go!']);
	});

	it('never starts a line with punctuation that stands apart, as in French', () => {
		expect(split('Très bien ; et « vous » ?', 'fr')).toEqual(['Très', 'bien ;', 'et', '« vous » ?']);
	});

	it('does not break at a no-break space', () => {
		expect(split('10\u00a0km far')).toEqual(['10\u00a0km', 'far']);
	});

	it.each([
		['ja', '「そうですね」と彼は言った。', ['「そうですね」', 'と', '彼', 'は', '言っ', 'た。']],
		[
			'zh',
			'问你们的国家，能为你们做什么。',
			['问', '你们', '的', '国家，', '能', '为', '你们', '做', '什么。'],
		],
		['th', 'สวัสดีครับวันนี้', ['สวัสดี', 'ครับ', 'วัน', 'นี้']],
	])('breaks %s between dictionary words', (language, text, pieces) => {
		expect(split(text, language)).toEqual(pieces);
	});

	it('keeps a number with the unit written against it', () => {
		expect(split('2011年8月完工', 'zh')).toEqual(['2011年', '8月', '完工']);
	});

	it('counts wide characters as two columns', () => {
		expect(splitBreakable('国家 land', 'zh', 42).map(({width}) => width)).toEqual([4, 4]);
	});

	it('cuts what is wider than a line between characters, never inside one', () => {
		expect(split('👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧', 'en', 4)).toEqual(['👩‍👩‍👧👩‍👩‍👧', '👩‍👩‍👧']);
		expect(split('abcdefghij', 'en', 4)).toEqual(['abcd', 'efgh', 'ij']);
	});

	it('has nothing to break in an empty text', () => {
		expect(split('')).toEqual([]);
	});

	it('keeps a text of punctuation alone', () => {
		expect(split('...')).toEqual(['...']);
		expect(split('« ...')).toEqual(['« ...']);
	});
});
