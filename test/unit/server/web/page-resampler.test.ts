import {describe, expect, it} from 'vitest';

import {PageResampler} from '../../../../src/server/web/page/page-resampler.js';

function tone(hertz: number, rateHz: number, seconds: number): Float32Array {
	return Float32Array.from({length: rateHz * seconds}, (_, index) =>
		Math.sin((2 * Math.PI * hertz * index) / rateHz),
	);
}

function loudness(samples: Float32Array): number {
	// The ends are half silence.
	const middle = samples.subarray(200, -200);
	return Math.sqrt(middle.reduce((sum, sample) => sum + sample * sample, 0) / middle.length);
}

describe('PageResampler', () => {
	it.each([8000, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000])('keeps speech from %i Hz', rateHz => {
		const output = new PageResampler(rateHz, 16_000).push(tone(1000, rateHz, 1));
		expect(Math.abs(output.length - 16_000)).toBeLessThan(40);
		const expected = tone(1000, 16_000, 1);
		const worst = output.subarray(200, 15_000).reduce((most, sample, index) => {
			return Math.max(most, Math.abs(sample - expected[index + 200]!));
		}, 0);
		expect(worst).toBeLessThan(0.002);
	});

	it.each([44_100, 48_000])('removes what 16 kHz cannot hold, from %i Hz', rateHz => {
		const output = new PageResampler(rateHz, 16_000).push(tone(10_000, rateHz, 1));
		expect(loudness(output)).toBeLessThan(0.001);
	});

	it('says the same however its input is cut', () => {
		const input = tone(700, 44_100, 1);
		const whole = new PageResampler(44_100, 16_000).push(input);
		const resampler = new PageResampler(44_100, 16_000);
		const pieces: number[] = [];
		for (let start = 0; start < input.length; start += 128) {
			pieces.push(...resampler.push(input.subarray(start, start + 128)));
		}
		expect(Float32Array.from(pieces)).toEqual(whole);
	});
});
