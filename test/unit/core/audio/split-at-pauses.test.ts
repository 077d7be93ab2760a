import {expect, it} from 'vitest';
import {joinParts, splitAtPauses} from '../../../../src/core/audio/split-at-pauses.js';
import type {VoicedAudio} from '../../../../src/core/audio/voiced-audio.js';

/** Runs at 1.0-2.0, 2.5-3.0 and 4.0-5.0 s in a stretch from 0.5 to 6 s; each sample is its own position. */
const speech: VoicedAudio = {
	startSample: 8000,
	endSample: 96_000,
	startMs: 500,
	endMs: 6000,
	runs: [
		{startSample: 16_000, endSample: 32_000},
		{startSample: 40_000, endSample: 48_000},
		{startSample: 64_000, endSample: 80_000},
	],
	speechProbability: 0.9,
	samples: Float32Array.from({length: 88_000}, (_, index) => 8000 + index),
};

it('cuts in the middle of a pause that is long enough, and nowhere else', () => {
	const parts = splitAtPauses(speech, 700);
	expect(parts.map(({startMs, endMs}) => [startMs, endMs])).toEqual([
		[500, 3500],
		[3500, 6000],
	]);
	expect(parts.map(({runs}) => runs.length)).toEqual([2, 1]);
	expect(parts[1]!.runs).toEqual([speech.runs[2]]);
	expect(parts.map(({samples}) => [samples[0], samples.at(-1)])).toEqual([
		[8000, 55_999],
		[56_000, 95_999],
	]);
});

it('counts a pause of exactly the length, and leaves speech without one whole', () => {
	expect(splitAtPauses(speech, 500)).toHaveLength(3);
	expect(splitAtPauses(speech, 1001)).toEqual([speech]);
});

it('gives parts samples of their own', () => {
	const [part] = splitAtPauses(speech, 700);
	expect(part!.samples.buffer.byteLength).toBe(part!.samples.byteLength);
});

it('joins parts that lie side by side', () => {
	const parts = splitAtPauses(speech, 500);
	expect(joinParts(speech, parts)).toEqual(speech);
	expect(joinParts(speech, parts.slice(1))).toMatchObject({startMs: 2250, endMs: 6000});
});
