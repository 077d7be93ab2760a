import {createSimdDotProduct, type SimdDotProduct} from './simd-dot-product.js';

/**
 * Zero crossings of the sinc on each side, and the attenuation of the Kaiser window over it. With 24 and
 * 80 dB the pass band (-0.1 dB) ends at 0.85 of the lower Nyquist frequency (6.8 of 8 kHz) and the stop
 * band begins at 1.05 of it: narrower than ffmpeg's default of 16 zero crossings.
 */
const ZERO_CROSSINGS = 24;
const STOP_BAND_DB = 80;
/** Of the lower Nyquist frequency; where the response is -6 dB. */
const CUTOFF = 0.945;
/** Input that is converted at once; longer blocks are cut. */
const PIECE_SAMPLES = 8192;

/**
 * Changes the sample rate of a mono stream with a windowed-sinc polyphase filter. Blocks may have any
 * length: the output does not depend on how the input was cut. Output sample n lies exactly at the time of
 * input sample n * inputRateHz / outputRateHz, so times need no correction.
 *
 * Own code, because libsamplerate's WebAssembly port costs 6 ms (its fastest) to 14 ms of CPU for a second
 * at 48 kHz, against 0.4 ms here, takes 60 ms to load, and cannot be told that the input ended.
 */
export class Resampler {
	readonly #inputStep: number;
	readonly #phases: number;
	readonly #taps: number;
	readonly #scale: number;
	readonly #kernel: SimdDotProduct;
	/** In samples of the kernel's memory: the input comes first, then a filter for each phase. */
	readonly #filtersStart: number;
	readonly #hasFilter: Uint8Array;
	/** Input in memory, from the first tap of the next output sample on. */
	#held: number;
	/** Where the next output sample lies behind the centre of its first filter, in parts of an input sample. */
	#phase = 0;
	/** Input samples to pass over before the first tap; at low output rates the next one may be far ahead. */
	#skip = 0;
	#inputSamples = 0;
	#outputSamples = 0;

	constructor(inputRateHz: number, outputRateHz: number) {
		const divisor = greatestCommonDivisor(inputRateHz, outputRateHz);
		this.#inputStep = inputRateHz / divisor;
		this.#phases = outputRateHz / divisor;
		this.#scale = Math.min(1, outputRateHz / inputRateHz);
		// A multiple of 8, for the kernel.
		this.#taps = Math.ceil((2 * ZERO_CROSSINGS) / this.#scale / 8) * 8;
		this.#filtersStart = this.#taps + PIECE_SAMPLES;
		this.#hasFilter = new Uint8Array(this.#phases);
		this.#kernel = createSimdDotProduct(this.#filtersStart + this.#phases * this.#taps);
		// Silence before the start, as much as the first filter reaches back.
		this.#held = this.#taps / 2 - 1;
	}

	/** The output samples whose input is complete; often fewer than the rates suggest, sometimes none. */
	push(block: Float32Array): Float32Array {
		this.#inputSamples += block.length;
		return this.#convertAll(block, Infinity);
	}

	/** What is left, with silence behind the end. The resampler may not be used afterwards. */
	flush(): Float32Array {
		const total = Math.ceil((this.#inputSamples * this.#phases) / this.#inputStep);
		return this.#convertAll(new Float32Array(this.#taps), total - this.#outputSamples);
	}

	#convertAll(block: Float32Array, maxSamples: number): Float32Array {
		const estimate = Math.ceil(((this.#held + block.length) * this.#phases) / this.#inputStep) + 1;
		const output = new Float32Array(Math.max(0, Math.min(estimate, maxSamples)));
		let written = 0;
		for (let start = 0; start < block.length; start += PIECE_SAMPLES) {
			written = this.#convert(block.subarray(start, start + PIECE_SAMPLES), output, written);
		}
		this.#outputSamples += written;
		return output.slice(0, written);
	}

	/** Converts one piece into `output` from `written` on, and returns where it ended. */
	#convert(piece: Float32Array, output: Float32Array, written: number): number {
		const {memory, dotProduct} = this.#kernel;
		const passedOver = Math.min(this.#skip, piece.length);
		this.#skip -= passedOver;
		memory.set(piece.subarray(passedOver), this.#held);
		const available = this.#held + piece.length - passedOver;
		const taps = this.#taps;
		const phases = this.#phases;
		let start = 0;
		while (start + taps <= available && written < output.length) {
			const filter = this.#filterAt(this.#phase);
			output[written++] = dotProduct(start * 4, filter * 4, (filter + taps) * 4);
			const position = this.#phase + this.#inputStep;
			this.#phase = position % phases;
			start += (position - this.#phase) / phases;
		}
		this.#held = Math.max(0, available - start);
		this.#skip += Math.max(0, start - available);
		memory.copyWithin(0, start, start + this.#held);
		return written;
	}

	/** Place of the filter whose centre lies `phase / phases` behind an input sample; made when first needed. */
	#filterAt(phase: number): number {
		const place = this.#filtersStart + phase * this.#taps;
		if (this.#hasFilter[phase] === 0) {
			this.#hasFilter[phase] = 1;
			this.#kernel.memory.set(createFilter(phase / this.#phases, this.#taps, this.#scale), place);
		}
		return place;
	}
}

function createFilter(fraction: number, taps: number, scale: number): Float32Array {
	const halfWidth = taps / 2;
	const bandwidth = scale * CUTOFF;
	const filter = new Float64Array(taps);
	let sum = 0;
	for (let tap = 0; tap < taps; tap++) {
		const distance = tap - halfWidth + 1 - fraction;
		const angle = Math.PI * bandwidth * distance;
		const sinc = angle === 0 ? 1 : Math.sin(angle) / angle;
		const value = sinc * kaiser(distance / halfWidth);
		filter[tap] = value;
		sum += value;
	}
	// Every phase must pass a constant unchanged, or a tone at the rate of the phases appears.
	return Float32Array.from(filter, value => value / sum);
}

/** Kaiser's window and his formula for its shape (Kaiser and Schafer 1980). */
const KAISER_BETA = 0.1102 * (STOP_BAND_DB - 8.7);
const KAISER_SCALE = besselI0(KAISER_BETA);

function kaiser(position: number): number {
	return position <= -1 || position >= 1
		? 0
		: besselI0(KAISER_BETA * Math.sqrt(1 - position * position)) / KAISER_SCALE;
}

/** Modified Bessel function of order zero, by its power series. */
function besselI0(x: number): number {
	let term = 1;
	let sum = 1;
	for (let order = 1; term > sum * 1e-17; order++) {
		term *= (x / (2 * order)) ** 2;
		sum += term;
	}
	return sum;
}

function greatestCommonDivisor(first: number, second: number): number {
	return second === 0 ? first : greatestCommonDivisor(second, first % second);
}
