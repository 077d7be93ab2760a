import {SAMPLE_RATE_HZ} from './audio-source.js';
import {FastLog10} from './fast-log10.js';
import {createMelFilterbank} from './mel-filterbank.js';
import {FRAME_SAMPLES, PowerSpectrum400, SPECTRUM_BINS} from './power-spectrum-400.js';

/** Samples from one frame to the next: 10 ms. */
export const HOP_SAMPLES = 160;

/** Frames of log-mel a second. */
export const FRAMES_PER_SECOND = SAMPLE_RATE_HZ / HOP_SAMPLES;

/** Power that counts as silence, and its logarithm. */
const SILENCE = 1e-10;
const SILENCE_LOG10 = -10;

/** What lies further below the loudest value of the window is raised to this distance (80 dB). */
const RANGE_LOG10 = 8;

export interface LogMelOptions {
	/** Mel bins: 80, or 128 for the models from large-v3 on. */
	readonly melBins: number;
}

export interface LogMelWindow {
	/**
	 * Length of the result in frames of 10 ms, at least 2. Shorter audio is followed by zeros up to this
	 * length; of longer audio the rest is not looked at.
	 */
	readonly frames: number;
}

/** Computes Whisper's input. Not to be shared between threads: holds scratch memory. */
export interface LogMel {
	readonly melBins: number;
	/**
	 * @param samples - mono float32 at 16 kHz; only read.
	 * @returns new array `[melBins, frames]`, row-major: one row of frames for each mel bin, about -1..1.5.
	 */
	compute(samples: Float32Array, window: LogMelWindow): Float32Array;
}

/**
 * Whisper's log-mel spectrogram as OpenAI's `log_mel_spectrogram` and transformers'
 * `WhisperFeatureExtractor` compute it: periodic Hann window of 400, hop 160, centred frames with reflected
 * edges and the last frame dropped, mel power of at least 1e-10, log10, at least the window's maximum - 8,
 * then (x + 4) / 4.
 */
export function createLogMel({melBins}: LogMelOptions): LogMel {
	const hann = Float64Array.from(
		{length: FRAME_SAMPLES},
		(_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / FRAME_SAMPLES),
	);
	const spectrum = new PowerSpectrum400(hann);
	const filters = createMelFilterbank({melBins, fftSize: FRAME_SAMPLES, sampleRateHz: SAMPLE_RATE_HZ});
	const firstBins = Uint16Array.from(filters, filter => filter.firstBin);
	const weightsEnd = new Uint16Array(melBins);
	const weights = new Float64Array(filters.reduce((sum, filter) => sum + filter.weights.length, 0));
	let end = 0;
	for (const [mel, filter] of filters.entries()) {
		weights.set(filter.weights, end);
		end += filter.weights.length;
		weightsEnd[mel] = end;
	}

	const firstEdge = new Float32Array(FRAME_SAMPLES);
	const secondEdge = new Float32Array(FRAME_SAMPLES);
	const firstPower = new Float64Array(SPECTRUM_BINS);
	const secondPower = new Float64Array(SPECTRUM_BINS);
	const logarithms = new FastLog10(2 * melBins);

	const compute = (samples: Float32Array, {frames}: LogMelWindow): Float32Array => {
		const result = new Float32Array(melBins * frames);
		const windowSamples = frames * HOP_SAMPLES;
		const heardSamples = Math.min(samples.length, windowSamples);
		// A frame starts half its length before its centre; those that start after the audio see only zeros.
		const heardFrames = Math.min(frames, Math.ceil((heardSamples + FRAME_SAMPLES / 2) / HOP_SAMPLES));
		const values = logarithms.values;
		let loudest = heardFrames < frames ? SILENCE_LOG10 : -Infinity;
		for (let frame = 0; frame < heardFrames; frame += 2) {
			const firstStart = frame * HOP_SAMPLES - FRAME_SAMPLES / 2;
			const secondStart = firstStart + HOP_SAMPLES;
			const firstInside = firstStart >= 0 && firstStart + FRAME_SAMPLES <= heardSamples;
			const secondInside = secondStart >= 0 && secondStart + FRAME_SAMPLES <= heardSamples;
			if (!firstInside) readReflected(samples, heardSamples, windowSamples, firstStart, firstEdge);
			if (!secondInside) readReflected(samples, heardSamples, windowSamples, secondStart, secondEdge);
			spectrum.compute(
				firstInside ? samples : firstEdge,
				firstInside ? firstStart : 0,
				secondInside ? samples : secondEdge,
				secondInside ? secondStart : 0,
				firstPower,
				secondPower,
			);
			let weight = 0;
			for (let mel = 0; mel < melBins; mel++) {
				let firstSum = 0;
				let secondSum = 0;
				let bin = firstBins[mel]!;
				for (const stop = weightsEnd[mel]!; weight < stop; weight++, bin++) {
					const factor = weights[weight]!;
					firstSum += factor * firstPower[bin]!;
					secondSum += factor * secondPower[bin]!;
				}
				values[mel] = firstSum > SILENCE ? firstSum : SILENCE;
				values[melBins + mel] = secondSum > SILENCE ? secondSum : SILENCE;
			}
			logarithms.apply();
			const hasSecond = frame + 1 < frames;
			for (let mel = 0, place = frame; mel < melBins; mel++, place += frames) {
				const first = values[mel]!;
				const second = values[melBins + mel]!;
				result[place] = first;
				if (first > loudest) loudest = first;
				if (!hasSecond) continue;
				result[place + 1] = second;
				if (second > loudest) loudest = second;
			}
		}
		const floor = loudest - RANGE_LOG10;
		const silence = (Math.max(SILENCE_LOG10, floor) + 4) / 4;
		for (let rowStart = 0; rowStart < result.length; rowStart += frames) {
			const heardEnd = rowStart + heardFrames;
			for (let place = rowStart; place < heardEnd; place++) {
				const value = result[place]!;
				result[place] = ((value > floor ? value : floor) + 4) / 4;
			}
			result.fill(silence, heardEnd, rowStart + frames);
		}
		return result;
	};
	return {melBins, compute};
}

/** Copies the frame that begins at `start`, which may reach over either edge of the window. */
function readReflected(
	samples: Float32Array,
	heardSamples: number,
	windowSamples: number,
	start: number,
	frame: Float32Array,
): void {
	for (let offset = 0; offset < FRAME_SAMPLES; offset++) {
		let place = Math.abs(start + offset);
		if (place >= windowSamples) place = 2 * (windowSamples - 1) - place;
		frame[offset] = place < heardSamples ? samples[place]! : 0;
	}
}
