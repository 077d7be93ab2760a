import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {createLogMel} from '../../../../src/core/audio/log-mel.js';
import {createMelFilterbank} from '../../../../src/core/audio/mel-filterbank.js';
import {describeWithShared, sharedPath} from '../../../helpers/shared.js';

function readFloats(relative: string): Float32Array {
	const bytes = readFileSync(sharedPath(relative));
	return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
	expect(a.length).toBe(b.length);
	let largest = 0;
	for (let index = 0; index < a.length; index++) largest = Math.max(largest, Math.abs(a[index]! - b[index]!));
	return largest;
}

/** The definition, term by term and slowly: zeros after the audio, reflected edges, last frame dropped. */
function computeByDefinition(samples: Float32Array, frames: number, melBins: number): Float64Array {
	const window = new Float64Array(frames * 160);
	window.set(samples.subarray(0, window.length));
	const at = (place: number): number => {
		const folded = Math.abs(place);
		return window[folded < window.length ? folded : 2 * (window.length - 1) - folded]!;
	};
	const filters = createMelFilterbank({melBins, fftSize: 400, sampleRateHz: 16_000});
	const result = new Float64Array(melBins * frames);
	for (let frame = 0; frame < frames; frame++) {
		const power = Array.from({length: 201}, (_, bin) => {
			let real = 0;
			let imaginary = 0;
			for (let n = 0; n < 400; n++) {
				const value = at(frame * 160 - 200 + n) * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / 400));
				real += value * Math.cos((2 * Math.PI * n * bin) / 400);
				imaginary += value * Math.sin((2 * Math.PI * n * bin) / 400);
			}
			return real * real + imaginary * imaginary;
		});
		for (const [mel, filter] of filters.entries()) {
			const sum = filter.weights.reduce(
				(total, weight, k) => total + weight * power[filter.firstBin + k]!,
				0,
			);
			result[mel * frames + frame] = Math.log10(Math.max(sum, 1e-10));
		}
	}
	const floor = result.reduce((a, b) => Math.max(a, b)) - 8;
	return result.map(value => (Math.max(value, floor) + 4) / 4);
}

function pseudoNoise(length: number): Float32Array {
	let state = 12_345;
	return Float32Array.from({length}, () => {
		state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
		return state / 2 ** 30 - 1;
	});
}

describe('createLogMel()', () => {
	it.each([
		['audio shorter than the window', 5000, 40, 80],
		['audio longer than the window', 9000, 50, 80],
		['audio that ends inside the last frame', 6390, 40, 80],
		['audio that fills the window', 6400, 40, 80],
		['an odd number of frames', 6500, 41, 80],
		['128 mel bins', 5000, 40, 128],
		['one sample', 1, 4, 80],
	])('is what the definition says for %s', (_title, length, frames, melBins) => {
		const samples = pseudoNoise(length);
		const result = createLogMel({melBins}).compute(samples, {frames});
		expect(largestDifference(result, computeByDefinition(samples, frames, melBins))).toBeLessThan(1e-6);
	});

	it('gives the constant of silence for no audio and for zeros', () => {
		const logMel = createLogMel({melBins: 80});
		for (const samples of [new Float32Array(), new Float32Array(1600)]) {
			expect(new Set(logMel.compute(samples, {frames: 20}))).toEqual(new Set([-1.5]));
		}
	});

	it('does not remember the audio before', () => {
		const logMel = createLogMel({melBins: 80});
		const first = logMel.compute(pseudoNoise(3000), {frames: 30});
		logMel.compute(new Float32Array(8000).fill(1), {frames: 60});
		expect(logMel.compute(pseudoNoise(3000), {frames: 30})).toEqual(first);
	});
});

describeWithShared('createLogMel() against the reference implementation', () => {
	it('equals the golden spectrogram of a recording padded to 30 s within 1e-4', () => {
		const samples = readFloats('models/golden/en_jfk.pcm.f32');
		const golden = readFloats('models/golden/en_jfk.log_mel.80x3000.f32');
		const result = createLogMel({melBins: 80}).compute(samples, {frames: 3000});
		expect(largestDifference(result, golden)).toBeLessThan(1e-4);
	});
});
