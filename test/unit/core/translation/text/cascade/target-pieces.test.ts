import {describe, expect, it} from 'vitest';
import {
	cutPieces,
	splitUnits,
	type WrittenToken,
} from '../../../../../../src/core/translation/text/cascade/target-pieces.js';

/** Tokens whose text is given by their place in a list. */
function cut(texts: readonly string[], target: string, committed = 0): string[] {
	const decode = (tokens: readonly number[]): string =>
		tokens
			.map(token => texts[token]!)
			.join('')
			// A character that is spread over two tokens.
			.replaceAll('<a><b>', '語')
			.replaceAll(/<.>/g, '\uFFFD')
			.trimStart();
	const tokens = texts.map((_, token): WrittenToken => ({token, logProbability: 0, words: undefined}));
	const before = tokens.slice(0, committed).map(({token}) => token);
	const pieces = cutPieces(before, tokens.slice(committed), target, decode);
	expect(pieces.flatMap(piece => piece.tokens).length).toBeLessThanOrEqual(texts.length);
	return pieces.map(({text, tokens: own}) => `${text}|${own.length}`);
}

describe('cutPieces', () => {
	it('cuts before spaces, marks with the word they follow', () => {
		expect(cut([' Das', ' Haus', 'tür', '.', ' Ja', '!'], 'de')).toEqual(['Das|1', ' Haustür.|3', ' Ja!|2']);
	});

	it('goes on behind what was told', () => {
		expect(cut([' Das', ' Haus', ' ist'], 'de', 1)).toEqual([' Haus|1', ' ist|1']);
	});

	it('cuts between all tokens of languages that are counted in characters, never within a character', () => {
		expect(cut(['天气', '很', '<a>', '<b>', '好'], 'zh')).toEqual(['天气|1', '很|1', '語|2', '好|1']);
	});

	it('takes tokens that write nothing with those before them', () => {
		expect(cut([' Das', ' Haus', ''], 'de')).toEqual(['Das|1', ' Haus|2']);
		expect(cut([''], 'de')).toEqual([]);
	});
});

it('splits what is counted in characters, but for names and numbers', () => {
	expect(splitUnits('在 Berlin 2024年', 'zh')).toEqual(['在', ' Berlin', ' 2024', '年']);
	expect(splitUnits(' ที่นี่', 'th').join('')).toBe(' ที่นี่');
	expect(splitUnits(' ein Haus', 'de')).toEqual([' ein Haus']);
});
