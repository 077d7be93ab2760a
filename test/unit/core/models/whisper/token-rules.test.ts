import {describe, expect, it} from 'vitest';
import {topTokens} from '../../../../../src/core/models/decoding/logits.js';
import {
	probabilityOf,
	sample,
	timestampMs,
	TokenRules,
	type AllowedTokens,
} from '../../../../../src/core/models/whisper/token-rules.js';
import {createRandom} from '../../../../../src/core/util/random.js';
import {makeLogits, TINY} from '../../../../helpers/tiny-whisper.js';

const {endOfText, timestampBegin} = TINY.specialTokens;
const VOCABULARY = TINY.dimensions.vocabularySize;
const textRules = new TokenRules(TINY, {withTimestamps: false});
const timestampRules = new TokenRules(TINY, {withTimestamps: true});

/** Everything that may be chosen: in a range, and possible. */
function allowedIds(logits: Float32Array, {ranges}: AllowedTokens): number[] {
	const ids = ranges.flatMap(({from, to}) => Array.from({length: to - from}, (_, index) => from + index));
	return ids.filter(id => logits[id] !== -Infinity).sort((a, b) => a - b);
}

function applied(
	rules: TokenRules,
	logits: Float32Array,
	written: readonly number[],
): {ids: number[]; logSumExp: number} {
	const copy = logits.slice();
	const allowed = rules.apply(copy, written);
	return {ids: allowedIds(copy, allowed), logSumExp: allowed.logSumExp};
}

function logSumExp(values: readonly number[]): number {
	const largest = Math.max(...values);
	return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}

/**
 * The rules as OpenAI's `decoding.py` applies them one after another (SuppressBlank, SuppressTokens,
 * ApplyTimestampRules), over a mask instead of the logits.
 */
function referenceIds(logits: Float32Array, written: readonly number[], withTimestamps: boolean): number[] {
	const isOut = new Set(TINY.suppressTokens);
	const forbid = (from: number, to: number): void => {
		for (let id = from; id < to; id++) isOut.add(id);
	};
	const isTimestamp = (id: number | undefined): boolean => id === undefined || id >= timestampBegin;
	if (written.length === 0) for (const id of TINY.beginSuppressTokens) isOut.add(id);
	// Languages and the mark of no timestamps: the reference masks them by name, here they are one range.
	forbid(endOfText + 1, timestampBegin);
	if (!withTimestamps) forbid(timestampBegin, VOCABULARY);
	else {
		const lastWas = written.length >= 1 && isTimestamp(written.at(-1));
		const penultimateWas = written.length < 2 || isTimestamp(written.at(-2));
		if (lastWas && penultimateWas) forbid(timestampBegin, VOCABULARY);
		else if (lastWas) forbid(0, endOfText);
		const timestamps = written.filter(id => id >= timestampBegin);
		if (timestamps.length > 0)
			forbid(timestampBegin, lastWas && !penultimateWas ? timestamps.at(-1)! : timestamps.at(-1)! + 1);
		if (written.length === 0) {
			forbid(0, timestampBegin);
			forbid(timestampBegin + 51, VOCABULARY);
		}
		const of = (from: number, to: number): number[] =>
			[...logits.slice(from, to)].filter((_, index) => !isOut.has(from + index));
		const stamps = of(timestampBegin, VOCABULARY);
		if (stamps.length > 0 && logSumExp(stamps) > Math.max(-Infinity, ...of(0, timestampBegin)))
			forbid(0, timestampBegin);
	}
	return [...logits.keys()].filter(id => !isOut.has(id));
}

const flat = makeLogits({});

describe('TokenRules', () => {
	it('never allows a suppressed token, nor one that steers', () => {
		const {ids} = applied(textRules, flat, [3]);
		expect(ids).toEqual([0, 2, 3, 4, 5, 6, 7, 8, 9, endOfText]);
	});

	it('does not let a sequence begin with a blank or its end', () => {
		expect(applied(textRules, flat, []).ids).toEqual([0, 3, 4, 5, 6, 7, 8, 9]);
	});

	it('begins with a timestamp of at most 1 s where timestamps are written', () => {
		const {ids} = applied(timestampRules, makeLogits({3: 50}), []);
		expect(ids).toEqual(Array.from({length: 51}, (_, index) => timestampBegin + index));
		expect(timestampMs(ids.at(-1)!, TINY.specialTokens)).toBe(1000);
	});

	it('lets text follow the timestamp that begins a phrase', () => {
		expect(applied(timestampRules, flat, [25]).ids).toEqual([0, 2, 3, 4, 5, 6, 7, 8, 9, endOfText]);
		expect(applied(timestampRules, flat, [25, 3, 40, 40]).ids).toContain(3);
		expect(Math.max(...applied(timestampRules, flat, [25, 3, 40, 40]).ids)).toBe(endOfText);
	});

	it('asks for a partner, not earlier, or the end behind the timestamp that ends a phrase', () => {
		const {ids} = applied(timestampRules, makeLogits({[endOfText]: 9, 3: 20}), [25, 3, 40]);
		expect(ids).toEqual([endOfText, ...Array.from({length: VOCABULARY - 40}, (_, index) => 40 + index)]);
	});

	it('lets no timestamp go back or repeat within a phrase', () => {
		const {ids} = applied(timestampRules, makeLogits({3: 20}), [25, 3, 40, 40, 4]);
		expect(ids.filter(id => id >= timestampBegin)).toEqual(
			Array.from({length: VOCABULARY - 41}, (_, index) => 41 + index),
		);
	});

	it('forces a timestamp when all of them together are likelier than the likeliest word', () => {
		// 94 timestamps of logit 0 weigh as much as one of logit 4.54.
		const stamps = Object.fromEntries(Array.from({length: 94}, (_, index) => [index + 26, 0]));
		expect(applied(timestampRules, makeLogits({...stamps, 3: 4.5}), [25, 3]).ids[0]).toBe(26);
		expect(applied(timestampRules, makeLogits({...stamps, 3: 4.6}), [25, 3]).ids[0]).toBe(0);
	});

	it('forces a timestamp by the same rule where otherwise only the end may come', () => {
		const stamps = Object.fromEntries(Array.from({length: 80}, (_, index) => [index + 40, 0]));
		expect(applied(timestampRules, makeLogits({...stamps, [endOfText]: 4.3}), [25, 3, 40]).ids[0]).toBe(40);
		expect(applied(timestampRules, makeLogits({...stamps, [endOfText]: 4.5}), [25, 3, 40]).ids[0]).toBe(
			endOfText,
		);
	});

	it.each([
		['with timestamps', timestampRules, true],
		['without timestamps', textRules, false],
	])(
		'allows what the reference allows, and sums it up, on random sequences %s',
		(_title, rules, withTimestamps) => {
			const random = createRandom(11);
			for (let round = 0; round < 300; round++) {
				const written: number[] = [];
				// Sometimes words, sometimes timestamps are likely.
				for (let step = 0; step < 12; step++) {
					const shift = (random() - 0.5) * 12;
					const logits = Float32Array.from(
						{length: VOCABULARY},
						(_, id) => (random() - 0.5) * 10 + (id >= timestampBegin ? shift : 0),
					);
					const expected = referenceIds(logits, written, withTimestamps);
					const {ids, logSumExp: sum} = applied(rules, logits, written);
					expect(ids, `after ${written.join(' ')}`).toEqual(expected);
					expect(sum).toBeCloseTo(logSumExp(expected.map(id => logits[id]!)), 3);
					const next = expected[Math.floor(random() * expected.length)]!;
					if (next === endOfText) break;
					written.push(next);
				}
			}
		},
	);
});

describe('the sum over a whole vocabulary', () => {
	const random = createRandom(5);

	it.each([
		['close together', 1, 0],
		['far apart', 60, 0],
		['large', 10, 3000],
		['very negative', 10, -3000],
	])('is exact to 2e-4 for logits that are %s', (_title, width, offset) => {
		const logits = Float32Array.from({length: 51_865}, () => (random() - 0.5) * width + offset);
		const {logSumExp: sum} = new TokenRules(
			{...TINY, suppressTokens: [], specialTokens: {...TINY.specialTokens, endOfText: 51_864}},
			{withTimestamps: false},
		).apply(logits, [1]);
		let plain = 0;
		const largest = logits.reduce((a, b) => Math.max(a, b));
		for (const value of logits) plain += Math.exp(value - largest);
		const exact = largest + Math.log(plain);
		expect(Math.abs(sum - exact)).toBeLessThan(2e-4);
		expect(probabilityOf(logits, 77)).toBeCloseTo(Math.exp(logits[77]! - exact), 6);
	});

	it('counts what is forbidden as nothing', () => {
		expect(probabilityOf(makeLogits({3: 0, 4: 0}, -Infinity), 3)).toBeCloseTo(0.5, 6);
		expect(probabilityOf(makeLogits({3: 0}, -Infinity), 5)).toBe(0);
	});
});

describe('choosing among allowed tokens', () => {
	const allowed: Omit<AllowedTokens, 'best'> = {
		ranges: [
			{from: 2, to: 5},
			{from: 20, to: 30},
		],
		logSumExp: 0,
	};
	const logits = makeLogits({1: 99, 3: 1, 4: 2, 22: 3, 25: -Infinity, 29: 1.5, 30: 99}, -9);

	it('names the likeliest of what is allowed, and the first of equals', () => {
		expect(textRules.apply(makeLogits({1: 9, 3: 2, 4: 3, 12: 9}), [3]).best).toBe(4);
		expect(textRules.apply(makeLogits({4: 3, 5: 3}), [3]).best).toBe(4);
		expect(timestampRules.apply(makeLogits({4: 3, 5: 3, 30: 4, 20: 9}), [25, 3]).best).toBe(30);
	});

	it('topTokens() lists the likeliest of them, best first', () => {
		expect(topTokens(logits, allowed.ranges, 3)).toEqual([22, 4, 29]);
		expect(topTokens(logits, allowed.ranges, 1)).toEqual([22]);
		expect(topTokens(makeLogits({3: 0}, -Infinity), allowed.ranges, 4)).toEqual([3]);
	});

	it('sample() draws each as often as its probability at the temperature says', () => {
		const pair = makeLogits({3: Math.log(0.2), 29: Math.log(0.8)}, -Infinity);
		const share = (temperature: number): number => {
			const random = createRandom(1);
			let drawn = 0;
			for (let draw = 0; draw < 4000; draw++)
				if (sample(pair, {...allowed, best: 29}, temperature, random()) === 3) drawn++;
			return drawn / 4000;
		};
		expect(Math.abs(share(1) - 0.2)).toBeLessThan(0.02);
		// Probabilities to the power of 2: 0.04 to 0.64.
		expect(Math.abs(share(0.5) - 0.04 / 0.68)).toBeLessThan(0.015);
	});

	it.each([0, 0.5, 0.999_999_999])('sample() never draws what is impossible, also at %d', draw => {
		expect(sample(makeLogits({4: 0}, -Infinity), {...allowed, best: 4}, 0.2, draw)).toBe(4);
	});
});
