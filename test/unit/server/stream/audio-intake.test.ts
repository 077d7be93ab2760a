import {describe, expect, it} from 'vitest';

import {createRandom} from '../../../../src/core/util/random.js';
import {AudioIntake, readAudioMessage} from '../../../../src/server/stream/audio-intake.js';
import {SAMPLE_RATES_HZ} from '../../../../src/server/stream/stream-query.js';
import {catchError} from '../../../helpers/catch-error.js';

describe('readAudioMessage', () => {
	it('reads both formats', () => {
		expect(readAudioMessage(new Uint8Array(Float32Array.of(0.5, -1.5).buffer), 'f32le')).toEqual(
			Float32Array.of(0.5, -1.5),
		);
		expect(readAudioMessage(new Uint8Array(Int16Array.of(0x4000, -0x8000).buffer), 's16le')).toEqual(
			Float32Array.of(0.5, -1),
		);
	});

	it.each([
		['half a sample', new Uint8Array(6), 'f32le', /6 bytes.*f32le samples of 4 bytes/],
		['half a short sample', new Uint8Array(3), 's16le', /3 bytes.*s16le/],
		['NaN', bytesOf(0, NaN), 'f32le', /Sample 1 .*not a finite number/],
		['infinity', bytesOf(-Infinity), 'f32le', /Sample 0 .*not a finite number/],
		['integers', bytesOf(0, 0, 12_345), 'f32le', /Sample 2 .*1\.23e\+4.*-1 to 1/],
	] as const)('refuses %s with a sentence', (_, bytes, format, sentence) => {
		const error = catchError(() => readAudioMessage(bytes, format));
		expect(error).toMatchObject({
			code: 'AUDIO_UNDECODABLE',
			message: expect.stringMatching(sentence) as string,
		});
	});
});

describe('AudioIntake', () => {
	it.each(SAMPLE_RATES_HZ)('at %i Hz goes on from any sample with the same output', rateHz => {
		const random = createRandom(rateHz);
		const audio = Float32Array.from({length: rateHz * 3}, () => random() - 0.5);
		const whole = new AudioIntake(rateHz);
		const expected = [...whole.push(audio), ...whole.flush()];
		for (const fromSample of [0, 1, 399, 16_000, 33_333]) {
			const intake = new AudioIntake(rateHz, fromSample);
			const start = intake.receivedSamples;
			expect(start).toBe(intake.startOf(fromSample));
			expect(start * 16_000).toBeLessThanOrEqual(fromSample * rateHz);
			const output: number[] = [];
			for (let at = start; at < audio.length;) {
				const length = 1 + Math.floor(random() * 5000);
				output.push(...intake.push(audio.slice(at, at + length)));
				at += length;
			}
			output.push(...intake.flush());
			expect(intake.receivedSamples).toBe(audio.length);
			expect(output).toEqual(expected.slice(fromSample));
		}
	});
});

function bytesOf(...samples: number[]): Uint8Array {
	return new Uint8Array(Float32Array.from(samples).buffer);
}
