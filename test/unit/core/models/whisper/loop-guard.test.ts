import {describe, expect, it} from 'vitest';
import {findLoop, loopRepetitions, maxTokensFor} from '../../../../../src/core/models/whisper/loop-guard.js';

function repeat(run: readonly number[], times: number): number[] {
	return Array.from({length: times}, () => run).flat();
}

function range(length: number): number[] {
	return Array.from({length}, (_, index) => 100 + index);
}

describe('findLoop()', () => {
	it.each([1, 2, 3, 7, 12])('finds a run of %d tokens as soon as it stands there often enough', period => {
		const run = range(period);
		const before = [1, 2, 3];
		const enough = Math.max(3, Math.ceil(6 / period));
		expect(loopRepetitions(period)).toBe(enough);
		expect(findLoop([...before, ...repeat(run, enough)])).toBe(period);
		expect(findLoop([...before, ...repeat(run, enough).slice(1)])).toBe(0);
		expect(findLoop([...before, ...repeat(run, enough).slice(0, -1)])).toBe(0);
	});

	it('lets people say a thing three times', () => {
		expect(findLoop([5, 9, 9, 9])).toBe(0);
		expect(findLoop([5, 9, 9, 9, 9, 9])).toBe(0);
	});

	it('does not watch runs of more than twelve tokens', () => {
		expect(findLoop(repeat(range(13), 4))).toBe(0);
	});

	it('pays no attention to a repetition that ended', () => {
		expect(findLoop([...repeat([7, 8], 5), 1])).toBe(0);
		expect(findLoop([])).toBe(0);
	});

	it('names the shortest run', () => {
		expect(findLoop(repeat([4], 12))).toBe(1);
	});
});

describe('maxTokensFor()', () => {
	it('gives twelve tokens for a second, and a few for a cough', () => {
		expect(maxTokensFor(0)).toBe(14);
		expect(maxTokensFor(1000)).toBe(26);
		expect(maxTokensFor(30_000)).toBe(374);
	});
});
