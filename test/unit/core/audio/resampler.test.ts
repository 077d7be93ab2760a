import {describe, expect, it} from 'vitest';
import {Resampler} from '../../../../src/core/audio/resampler.js';
import {createRandom} from '../../../helpers/byte-stream.js';
import {concatSamples} from '../../../helpers/read-samples.js';

function resample(input: Float32Array, inputRateHz: number, outputRateHz = 16_000): Float32Array {
	const resampler = new Resampler(inputRateHz, outputRateHz);
	return concatSamples([resampler.push(input), resampler.flush()]);
}

function tone(frequencyHz: number, rateHz: number, seconds: number): Float32Array {
	return Float32Array.from({length: rateHz * seconds}, (_, index) =>
		Math.sin((2 * Math.PI * frequencyHz * index) / rateHz),
	);
}

/** Level of what comes out for a tone, in decibels against the tone; the ends of the file left out. */
function responseDb(frequencyHz: number, inputRateHz: number): number {
	const output = resample(tone(frequencyHz, inputRateHz, 1), inputRateHz).subarray(1600, -1600);
	let energy = 0;
	for (const sample of output) energy += sample * sample;
	return 10 * Math.log10(Math.max(1e-20, (2 * energy) / output.length));
}

const RATES_HZ = [8000, 11_025, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];

describe('the resampler', () => {
	it.each(RATES_HZ)('passes what speech needs at %i Hz unchanged', rateHz => {
		const nyquistHz = Math.min(rateHz, 16_000) / 2;
		for (const share of [0.01, 0.1, 0.3, 0.5, 0.7, 0.84]) {
			expect(Math.abs(responseDb(Math.round(nyquistHz * share), rateHz))).toBeLessThan(0.1);
		}
	});

	it.each(RATES_HZ.filter(rateHz => rateHz > 16_000))('folds nothing of %i Hz back into the band', rateHz => {
		// A sweep in steps of 137 Hz, from the stop band's beginning to the input's own limit.
		for (let frequencyHz = 8450; frequencyHz < rateHz / 2; frequencyHz += 137 * (rateHz > 48_000 ? 5 : 1)) {
			expect(responseDb(frequencyHz, rateHz)).toBeLessThan(-78);
		}
	});

	it.each([8000, 11_025])('adds no image above the band of %i Hz', rateHz => {
		const output = resample(tone(1000, rateHz, 1), rateHz).subarray(1600, -1600);
		// What is left after the tone itself is taken away.
		const expected = tone(1000, 16_000, 1).subarray(1600, -1600);
		const worst = output.reduce(
			(most, sample, index) => Math.max(most, Math.abs(sample - expected[index]!)),
			0,
		);
		expect(worst).toBeLessThan(2e-4);
	});

	it.each([8000, 44_100, 48_000])('keeps the time of every sample at %i Hz', rateHz => {
		const output = resample(tone(440, rateHz, 1), rateHz).subarray(1600, -1600);
		const expected = tone(440, 16_000, 1).subarray(1600, -1600);
		const worst = output.reduce(
			(most, sample, index) => Math.max(most, Math.abs(sample - expected[index]!)),
			0,
		);
		expect(worst).toBeLessThan(2e-4);
	});

	it.each([
		[48_000, 48_000, 16_000],
		[48_000, 1, 1],
		[48_000, 4, 2],
		[44_100, 441, 160],
		[8000, 1, 2],
		[7919, 7919, 16_000],
		[384_000, 384_000, 16_000],
	])('makes of %i Hz and %i samples %i, the time they last', (rateHz, samples, expected) => {
		expect(resample(new Float32Array(samples).fill(0.5), rateHz).length).toBe(expected);
	});

	it.each([8000, 44_100, 48_000, 192_000])('does not show how the input at %i Hz was cut', rateHz => {
		const random = createRandom(rateHz);
		const input = Float32Array.from({length: 40_000}, () => random() - 0.5);
		const whole = resample(input, rateHz);
		const resampler = new Resampler(rateHz, 16_000);
		const parts: Float32Array[] = [];
		for (let start = 0; start < input.length;) {
			const end = start + 1 + Math.floor(random() ** 3 * 20_000);
			parts.push(resampler.push(input.subarray(start, end)));
			start = end;
		}
		parts.push(resampler.flush());
		const joined = concatSamples(parts);
		expect(joined.length).toBe(whole.length);
		expect(joined.findIndex((sample, index) => sample !== whole[index])).toBe(-1);
	});

	it('passes a constant unchanged', () => {
		const output = resample(new Float32Array(44_100).fill(0.5), 44_100).subarray(400, -400);
		expect(Math.max(...output) - 0.5).toBeLessThan(1e-6);
		expect(0.5 - Math.min(...output)).toBeLessThan(1e-6);
	});
});
