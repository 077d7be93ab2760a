const TABLE_BITS = 11;
const TABLE_SIZE = 2 ** TABLE_BITS;
const LOG10_OF_2 = Math.log10(2);

/** log10 and 1/m of the middle of each of the equal steps that cut 1..2. */
const log10OfStep = new Float64Array(TABLE_SIZE);
const inverseOfStep = new Float64Array(TABLE_SIZE);
for (let step = 0; step < TABLE_SIZE; step++) {
	const middle = 1 + (step + 0.5) / TABLE_SIZE;
	log10OfStep[step] = Math.log10(middle);
	inverseOfStep[step] = 1 / middle;
}

const highWordOffset = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/**
 * Replaces positive normal numbers by their base-10 logarithm, within 1e-11, several times as fast as
 * `Math.log10`: exponent and leading bits through a table, the rest by two terms of the series.
 */
export class FastLog10 {
	readonly values: Float64Array;
	readonly #words: Int32Array;

	/** @param length - how many numbers `values` holds. */
	constructor(length: number) {
		this.values = new Float64Array(length);
		this.#words = new Int32Array(this.values.buffer);
	}

	/** Replaces everything in `values`. */
	apply(): void {
		const values = this.values;
		const words = this.#words;
		for (let index = 0; index < values.length; index++) {
			const highWord = words[index * 2 + highWordOffset]!;
			const exponent = (highWord >> 20) - 1023;
			const step = (highWord >> (20 - TABLE_BITS)) & (TABLE_SIZE - 1);
			words[index * 2 + highWordOffset] = (highWord & 0xfffff) | 0x3ff00000;
			const rest = values[index]! * inverseOfStep[step]! - 1;
			values[index] =
				exponent * LOG10_OF_2 + log10OfStep[step]! + Math.LOG10E * (rest - rest * rest * (0.5 - rest / 3));
		}
	}
}
