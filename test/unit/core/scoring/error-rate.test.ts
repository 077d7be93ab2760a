import {describe, expect, it} from 'vitest';
import {
	characterErrorRate,
	errorRateUnit,
	poolErrorRates,
	wordErrorRate,
} from '../../../../src/core/scoring/error-rate.js';

const countsOf = ({matches, substitutions, insertions, deletions}: ReturnType<typeof wordErrorRate>) => ({
	matches,
	substitutions,
	insertions,
	deletions,
});

describe('word error rate', () => {
	it('counts a word that is wrong, one too many and one that is missing', () => {
		const result = wordErrorRate('ask not what your country can do', 'ask what your own county can do');
		expect(countsOf(result)).toEqual({matches: 5, substitutions: 1, insertions: 1, deletions: 1});
		expect(result.referenceUnits).toBe(7);
		expect(result.rate).toBeCloseTo(3 / 7, 12);
	});

	it('gives an alignment that spells out both texts', () => {
		const {steps, reference, hypothesis} = wordErrorRate('a b c d', 'b c x d e');
		expect(steps).toEqual([
			{type: 'deletion', referenceIndex: 0},
			{type: 'match', referenceIndex: 1, hypothesisIndex: 0},
			{type: 'match', referenceIndex: 2, hypothesisIndex: 1},
			{type: 'insertion', hypothesisIndex: 2},
			{type: 'match', referenceIndex: 3, hypothesisIndex: 3},
			{type: 'insertion', hypothesisIndex: 4},
		]);
		expect(steps.flatMap(step => ('referenceIndex' in step ? reference[step.referenceIndex] : []))).toEqual(
			reference,
		);
		expect(
			steps.flatMap(step => ('hypothesisIndex' in step ? hypothesis[step.hypothesisIndex] : [])),
		).toEqual(hypothesis);
	});

	it('does not count case, punctuation or the form of an apostrophe', () => {
		expect(wordErrorRate("Don't stop – now!", 'don’t stop now').rate).toBe(0);
	});

	it('counts every word of invented text as an error, also without any reference', () => {
		expect(wordErrorRate('', 'thank you for watching').rate).toBe(4);
		expect(wordErrorRate('', '').rate).toBe(0);
		expect(wordErrorRate('hello there', '').rate).toBe(1);
	});

	it('takes the distance of Levenshtein, as the plain recursive definition has it', () => {
		const distance = (left: string[], right: string[]): number => {
			if (left.length === 0 || right.length === 0) return left.length + right.length;
			const [first, ...restLeft] = left;
			const [second, ...restRight] = right;
			if (first === second) return distance(restLeft, restRight);
			return (
				1 + Math.min(distance(restLeft, restRight), distance(restLeft, right), distance(left, restRight))
			);
		};
		// A small generator of its own (Numerical Recipes), so that a failure can be repeated.
		let state = 7;
		const random = (below: number) => {
			state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
			return Math.floor((state / 2 ** 32) * below);
		};
		for (let round = 0; round < 200; round += 1) {
			const words = () => Array.from({length: random(7)}, () => 'abc'.charAt(random(3)));
			const [reference, hypothesis] = [words(), words()];
			const result = wordErrorRate(reference.join(' '), hypothesis.join(' '));
			expect(result.substitutions + result.insertions + result.deletions).toBe(
				distance(reference, hypothesis),
			);
			expect(result.matches + result.substitutions + result.insertions).toBe(hypothesis.length);
			expect(result.referenceUnits).toBe(reference.length);
		}
	});
});

describe('character error rate', () => {
	it('counts code points and no spaces', () => {
		const result = characterErrorRate('广州市 𠮷房', '广州 𠮷屋');
		expect(countsOf(result)).toEqual({matches: 3, substitutions: 1, insertions: 0, deletions: 1});
	});
});

describe('pooled error rate', () => {
	it('weighs texts by their length', () => {
		const long = wordErrorRate('a b c d e f g h i', 'a b c d e f g h i');
		const short = wordErrorRate('a', 'b');
		expect(poolErrorRates([long, short]).rate).toBeCloseTo(0.1, 12);
		expect(poolErrorRates([]).rate).toBe(0);
	});
});

describe('unit of error rates', () => {
	it('is the character where words are not spaced', () => {
		expect(errorRateUnit('zh')).toBe('character');
		expect(errorRateUnit('ja')).toBe('character');
		expect(errorRateUnit('de')).toBe('word');
	});
});
