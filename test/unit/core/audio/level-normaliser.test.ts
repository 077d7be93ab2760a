import {describe, expect, it} from 'vitest';
import {LevelNormaliser} from '../../../../src/core/audio/level-normaliser.js';
import {createRandom} from '../../../../src/core/util/random.js';

const WINDOW_SECONDS = 0.032;

function gains(normaliser: LevelNormaliser, peaks: readonly number[]): number[] {
	return peaks.map(peak => normaliser.gainFor(Float32Array.of(0, -peak, peak / 2), 0, 3));
}

describe('LevelNormaliser', () => {
	it.each([
		['loud audio as it is', 0.9, 1],
		['a peak of -10 dBFS as it is', 10 ** (-10 / 20), 1],
		['a peak of -20 dBFS ten decibels louder', 0.1, 10 ** (10 / 20)],
		['a peak of -50 dBFS forty decibels louder', 10 ** (-50 / 20), 100],
		['what is quieter still no more than that', 10 ** (-80 / 20), 100],
		['digital silence with a finite gain', 0, 100],
	])('gives %s', (_title, peak, gain) => {
		expect(gains(new LevelNormaliser(WINDOW_SECONDS), [peak])).toEqual([expect.closeTo(gain, 4)]);
	});

	it('looks at the window alone, not at what lies around it', () => {
		const normaliser = new LevelNormaliser(WINDOW_SECONDS);
		expect(normaliser.gainFor(Float32Array.of(1, 0.1, 0.1, 1), 1, 3)).toBeCloseTo(10 ** 0.5, 4);
	});

	it('forgets a loud moment at 6 dB a second', () => {
		const normaliser = new LevelNormaliser(1);
		const [loud, second, third] = gains(normaliser, [10 ** (-10 / 20), 0, 0]);
		expect(loud).toBeCloseTo(1, 5);
		expect(20 * Math.log10(second!)).toBeCloseTo(6, 5);
		expect(20 * Math.log10(third!)).toBeCloseTo(12, 5);
	});

	it('goes on from the peak of another one', () => {
		const random = createRandom(2);
		// Ever quieter, so that what was loud before decides.
		const peaks = Array.from({length: 50}, (_, window) => (random() * 0.5) / (1 + window));
		const whole = gains(new LevelNormaliser(WINDOW_SECONDS), peaks);
		const first = new LevelNormaliser(WINDOW_SECONDS);
		const parts = gains(first, peaks.slice(0, 20));
		parts.push(...gains(new LevelNormaliser(WINDOW_SECONDS, first.peak), peaks.slice(20)));
		expect(parts).toEqual(whole);
		// It matters: without the peak the gain is another.
		expect(gains(new LevelNormaliser(WINDOW_SECONDS), peaks.slice(20))).not.toEqual(whole.slice(20));
	});
});
