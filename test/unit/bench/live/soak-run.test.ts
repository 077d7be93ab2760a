import {describe, expect, it} from 'vitest';
import {findGrowth, type SoakSample, trendOf} from '../../../../bench/live/soak-run.js';

const MEBIBYTE = 2 ** 20;

/** Ten minutes a round; `change` gives what is unlike in the later rounds. */
function play(change: (round: number) => Partial<SoakSample> = () => ({}), rounds = 20): SoakSample[] {
	return Array.from({length: rounds}, (_, round) => ({
		audioMs: (round + 1) * 600_000,
		wallMs: (round + 1) * 40_000,
		residentBytes: 400 * MEBIBYTE,
		cpuMsPerSecond: 70,
		tokensPerSecond: 5,
		encodesPerSecond: 1,
		lagMs: 900,
		words: 1000,
		...change(round),
	}));
}

describe('growth in a soak', () => {
	it.each([
		['is not found in a flat run', play(), []],
		[
			'is not found in memory that is filled at the beginning',
			play(round => ({residentBytes: (round < 2 ? 100 : 400) * MEBIBYTE})),
			[],
		],
		['is not found in a peak', play(round => ({residentBytes: (round === 18 ? 900 : 400) * MEBIBYTE})), []],
		[
			'is found in memory that rises',
			play(round => ({residentBytes: (400 + 10 * round) * MEBIBYTE})),
			['memory grew by 70 MiB'],
		],
		[
			'is found in work that becomes more',
			play(round => ({tokensPerSecond: 5 + round / 2, encodesPerSecond: 1 + round / 20})),
			['tokens decoded became 1.83 times as many', 'windows encoded became 1.49 times as many'],
		],
		[
			'is found in text that dries up',
			play(round => ({words: round > 12 ? 500 : 1000})),
			['words became 0.50 times as many'],
		],
		['cannot be found in too few rounds', play(undefined, 2), ['2 rounds are too few to compare']],
	])('%s', (_title, samples, expected) => {
		expect(findGrowth({samples})).toEqual(expected);
	});
});

describe('the trend of a soak', () => {
	it('is told for an hour of audio, and in percent of the mean', () => {
		const trend = trendOf(
			play(round => ({lagMs: 900 + round})),
			({lagMs}) => lagMs,
		);
		expect(trend.mean).toBeCloseTo(909.5);
		expect(trend.perHour).toBeCloseTo(6);
		expect(trend.percentPerHour).toBeCloseTo(600 / 909.5);
	});
});
