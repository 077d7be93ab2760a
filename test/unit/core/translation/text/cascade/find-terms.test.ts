import {describe, expect, it} from 'vitest';
import {
	countBegunWords,
	countTerm,
	findTerms,
	hasTerm,
} from '../../../../../../src/core/translation/text/cascade/find-terms.js';

const glossary = [
	{source: 'AI', target: 'KI'},
	{source: 'chair', target: 'Vorsitz'},
	{source: 'chair of the board', target: 'Vorstandsvorsitz'},
];

function termsOf(text: string, language = 'en') {
	const found = findTerms(text.split(/(?= )/), glossary, language);
	return found.map(({entry, from, to}) => [entry.target, from, to]);
}

describe('findTerms()', () => {
	it('finds whole words, whatever their case, the longest of those that begin together', () => {
		expect(termsOf('She said the Chair of the board likes ai, not the chair')).toEqual([
			['Vorstandsvorsitz', 3, 6],
			['KI', 8, 8],
			['Vorsitz', 11, 11],
		]);
		expect(termsOf('armchairs and chairs are fair')).toEqual([]);
	});

	it('finds terms anywhere in languages without spaces', () => {
		const found = findTerms(['我', '的', '主', '席'], [{source: '主席', target: 'chair'}], 'zh');
		expect(found).toMatchObject([{from: 2, to: 3}]);
	});
});

it.each([
	['des Vorsitzes', 'Vorsitz', 'de', true],
	['Der Vorsitz', 'vorsitz', 'de', true],
	['Aufsichtsvorsitz', 'Vorsitz', 'de', false],
	['Skier', 'KI', 'de', false],
	['Skier und KI', 'KI', 'de', true],
	['我的主席', '主席', 'zh', true],
	['', 'KI', 'de', false],
])('hasTerm() in "%s" of "%s"', (text, term, language, isThere) => {
	expect(hasTerm(text, term, language)).toBe(isThere);
});

it('countTerm() counts whole words', () => {
	expect(countTerm('KI, ki und Kino', 'KI', 'de')).toBe(2);
});

it.each([
	['we asked the chair', 'en', 1],
	['we asked the Chair of the', 'en', 3],
	['we asked the chair of the board', 'en', 0],
	['we asked the chair.', 'en', 0],
	['we sat in armchair', 'en', 0],
	['we took the chai', 'en', 0],
])('countBegunWords() at the end of "%s"', (text, language, count) => {
	expect(countBegunWords(text.split(/(?= )/), glossary, language)).toBe(count);
});

it('countBegunWords() in languages without spaces', () => {
	expect(countBegunWords(['我', '的', '主'], [{source: '主席', target: 'chair'}], 'zh')).toBe(1);
});
