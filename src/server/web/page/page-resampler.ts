/** Zero crossings of the sinc on each side: enough for speech, and a tenth of a processor's percent in a page. */
const ZERO_CROSSINGS = 16;
/** Of the lower Nyquist frequency. */
const CUTOFF = 0.9;

/**
 * Brings a mono stream to a lower rate, or a higher one, by a windowed sinc. Blocks may have any length. The program's own
 * resampler is WebAssembly, which the page's policy does not let it compile.
 */
export class PageResampler {
	readonly #inputStep: number;
	readonly #phases: number;
	readonly #taps: number;
	/** One for each place that an output sample may have between two of the input. */
	readonly #filters: readonly Float32Array[];
	/** From the first tap of the next output sample on. */
	#held: Float32Array;
	#phase = 0;

	constructor(inputRateHz: number, outputRateHz: number) {
		const divisor = greatestCommonDivisor(inputRateHz, outputRateHz);
		this.#inputStep = inputRateHz / divisor;
		this.#phases = outputRateHz / divisor;
		const scale = Math.min(1, outputRateHz / inputRateHz);
		const half = Math.ceil(ZERO_CROSSINGS / scale);
		this.#taps = 2 * half;
		this.#filters = Array.from({length: this.#phases}, (_, phase) =>
			createFilter(half, phase / this.#phases, scale * CUTOFF),
		);
		this.#held = new Float32Array(half - 1);
	}

	/** The output samples whose input is complete. */
	push(block: Float32Array): Float32Array {
		const input = new Float32Array(this.#held.length + block.length);
		input.set(this.#held);
		input.set(block, this.#held.length);
		const output = new Float32Array(Math.ceil((input.length * this.#phases) / this.#inputStep) + 1);
		let written = 0;
		let start = 0;
		while (start + this.#taps <= input.length) {
			const filter = this.#filters[this.#phase]!;
			let sum = 0;
			for (let tap = 0; tap < this.#taps; tap++) sum += filter[tap]! * input[start + tap]!;
			output[written++] = sum;
			const position = this.#phase + this.#inputStep;
			this.#phase = position % this.#phases;
			start += (position - this.#phase) / this.#phases;
		}
		this.#held = input.slice(start);
		return output.subarray(0, written);
	}
}

function createFilter(half: number, fraction: number, bandwidth: number): Float32Array {
	const filter = Float64Array.from({length: 2 * half}, (_, tap) => {
		const distance = tap - half + 1 - fraction;
		const angle = Math.PI * bandwidth * distance;
		const turn = Math.PI * (distance / half);
		// Blackman's window.
		const weight = Math.abs(distance) > half ? 0 : 0.42 + 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn);
		return angle === 0 ? weight : (weight * Math.sin(angle)) / angle;
	});
	const sum = filter.reduce((total, value) => total + value, 0);
	return Float32Array.from(filter, value => value / sum);
}

function greatestCommonDivisor(first: number, second: number): number {
	return second === 0 ? first : greatestCommonDivisor(second, first % second);
}
