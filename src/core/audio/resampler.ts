/**
 * Zero crossings of the sinc on each side, and the attenuation of the Kaiser window over it. With 24 and
 * 80 dB the pass band (-0.1 dB) ends at 0.84 of the lower Nyquist frequency (6.7 of 8 kHz) and the stop
 * band begins at 1.05 of it: narrower than ffmpeg's default (32 taps a phase, measured in `bench/resample`).
 */
const ZERO_CROSSINGS = 24;
const STOP_BAND_DB = 80;
/** Of the lower Nyquist frequency; where the response is -6 dB. */
const CUTOFF = 0.945;

/**
 * Changes the sample rate of a mono stream with a windowed-sinc polyphase filter. Blocks may have any
 * length: the output does not depend on how the input was cut. Output sample n lies exactly at the time of
 * input sample n * inputRateHz / outputRateHz, so times need no correction.
 *
 * Own code, because libsamplerate's WebAssembly port costs 6 ms (its fastest) to 14 ms of CPU for a second
 * at 48 kHz, against 2 ms here, takes 60 ms to load and cannot be told that the input ended.
 */
export class Resampler {
	readonly #inputStep: number;
	readonly #phases: number;
	readonly #taps: number;
	readonly #filters: (Float32Array | undefined)[];
	readonly #scale: number;
	/** Input from the first tap of the next output sample on. */
	#input: Float32Array;
	#phase = 0;
	#inputSamples = 0;
	#outputSamples = 0;

	constructor(inputRateHz: number, outputRateHz: number) {
		const divisor = greatestCommonDivisor(inputRateHz, outputRateHz);
		this.#inputStep = inputRateHz / divisor;
		this.#phases = outputRateHz / divisor;
		this.#scale = Math.min(1, outputRateHz / inputRateHz);
		// A multiple of 4, for the inner loop.
		this.#taps = Math.ceil((2 * ZERO_CROSSINGS) / this.#scale / 4) * 4;
		this.#filters = new Array<Float32Array | undefined>(this.#phases);
		this.#input = new Float32Array(this.#taps / 2 - 1);
	}

	/** The output samples whose input is complete; often fewer than the rates suggest, sometimes none. */
	push(block: Float32Array): Float32Array {
		this.#inputSamples += block.length;
		return this.#convert(block, Infinity);
	}

	/** What is left, with silence behind the end. The resampler may not be used afterwards. */
	flush(): Float32Array {
		const total = Math.ceil((this.#inputSamples * this.#phases) / this.#inputStep);
		return this.#convert(new Float32Array(this.#taps), total - this.#outputSamples);
	}

	#convert(block: Float32Array, maxSamples: number): Float32Array {
		const input = new Float32Array(this.#input.length + block.length);
		input.set(this.#input);
		input.set(block, this.#input.length);
		const taps = this.#taps;
		const step = this.#inputStep;
		const phases = this.#phases;
		const complete = Math.floor(((input.length - taps) * phases - this.#phase) / step) + 1;
		const output = new Float32Array(Math.max(0, Math.min(complete, maxSamples)));
		let start = 0;
		let phase = this.#phase;
		for (let index = 0; index < output.length; index++) {
			output[index] = dotProduct(input, start, this.#filter(phase), taps);
			phase += step;
			const advance = Math.floor(phase / phases);
			start += advance;
			phase -= advance * phases;
		}
		// At low rates the next start may lie behind all input there is.
		this.#input = input.slice(Math.min(start, input.length));
		this.#phase = phase + Math.max(0, start - input.length) * phases;
		this.#outputSamples += output.length;
		return output;
	}

	/** The filter whose centre lies `phase / phases` behind an input sample; made when first needed. */
	#filter(phase: number): Float32Array {
		return (this.#filters[phase] ??= createFilter(phase / this.#phases, this.#taps, this.#scale));
	}
}

function dotProduct(input: Float32Array, start: number, filter: Float32Array, taps: number): number {
	let first = 0;
	let second = 0;
	let third = 0;
	let fourth = 0;
	for (let tap = 0, at = start; tap < taps; tap += 4, at += 4) {
		first += input[at]! * filter[tap]!;
		second += input[at + 1]! * filter[tap + 1]!;
		third += input[at + 2]! * filter[tap + 2]!;
		fourth += input[at + 3]! * filter[tap + 3]!;
	}
	return first + second + (third + fourth);
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
