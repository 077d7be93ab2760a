const EXPONENTS = 2048;
const EXPONENT_BIAS = 1023;
const STEP_BITS = 8;
const STEPS = 2 ** STEP_BITS;

/** Of each exponent field of a float64: its share of the logarithm, and the factor that takes it away. */
const log10OfExponent = new Float64Array(EXPONENTS);
const inverseOfExponent = new Float64Array(EXPONENTS);
for (let exponent = 0; exponent < EXPONENTS; exponent++) {
	log10OfExponent[exponent] = (exponent - EXPONENT_BIAS) * Math.log10(2);
	inverseOfExponent[exponent] = 2 ** (EXPONENT_BIAS - exponent);
}

/** Of the middle of each of the equal steps that cut 1..2. */
const log10OfStep = new Float64Array(STEPS);
const inverseOfStep = new Float64Array(STEPS);
for (let step = 0; step < STEPS; step++) {
	const middle = 1 + (step + 0.5) / STEPS;
	log10OfStep[step] = Math.log10(middle);
	inverseOfStep[step] = 1 / middle;
}

/** Which half of a float64 holds sign, exponent and leading bits depends on the machine's byte order. */
const HIGH_WORD = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

/**
 * Replaces positive normal numbers by their base-10 logarithm, within 1e-11, several times as fast as
 * `Math.log10`: exponent and leading bits through tables, the rest by three terms of the series.
 */
export class FastLog10 {
	readonly values: Float64Array;
	readonly #words: Uint32Array;

	/** @param length - how many numbers `values` holds. */
	constructor(length: number) {
		this.values = new Float64Array(length);
		this.#words = new Uint32Array(this.values.buffer);
	}

	/** Replaces everything in `values`. */
	apply(): void {
		const values = this.values;
		const words = this.#words;
		for (let index = 0; index < values.length; index++) {
			const highWord = words[index * 2 + HIGH_WORD]!;
			const exponent = highWord >>> 20;
			const step = (highWord >>> (20 - STEP_BITS)) & (STEPS - 1);
			// Nothing is written between reading a number as words and as float64: that would stall the processor.
			const rest = values[index]! * inverseOfExponent[exponent]! * inverseOfStep[step]! - 1;
			const series = rest - rest * rest * (0.5 - rest / 3);
			values[index] = log10OfExponent[exponent]! + log10OfStep[step]! + Math.LOG10E * series;
		}
	}
}
