/**
 * A weight matrix in small whole numbers, row-major, one row per output. Neighbours of a row share a scale: a weight is
 * `(number - 2 ** (bits - 1)) * scale + offset` of its block.
 */
export interface BlockMatrix {
	readonly outputs: number;
	readonly inputs: number;
	readonly bits: 4 | 8;
	/** Weights that share a scale; divides `inputs`. */
	readonly blockSize: 16 | 32;
	/** Without signs, [outputs, inputs]; of 4 bits two a byte, the first in the lower half. */
	readonly values: Uint8Array;
	/** [outputs, inputs / blockSize] */
	readonly scales: Float32Array;
	/** As `scales`; absent where all are 0. */
	readonly offsets?: Float32Array;
}

/** The weights as float32. */
export function expandBlocks({bits, blockSize, values, scales, offsets}: BlockMatrix): Float32Array {
	const weights = new Float32Array((values.length * 8) / bits);
	for (let block = 0; block < scales.length; block++) {
		const scale = scales[block]!;
		const offset = offsets?.[block] ?? 0;
		const start = block * blockSize;
		for (let index = start; index < start + blockSize; index++) {
			const number =
				bits === 8 ? values[index]! - 128 : ((values[index >> 1]! >> ((index & 1) * 4)) & 15) - 8;
			weights[index] = number * scale + offset;
		}
	}
	return weights;
}
