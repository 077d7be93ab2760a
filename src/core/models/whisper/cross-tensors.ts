import {HEAD_SIZE} from './whisper-dimensions.js';

/**
 * How the decoder's view of the audio is kept. It is read whole in every step, so its bytes are what a step costs:
 * `int8` takes a third of the time of `float32` (bench/decoder-step).
 */
export type CrossFormat = 'float32' | 'int8';

/** One tensor of a layer, for each row: [heads, ...]. `frames` differs from row to row. */
export interface CrossTensor {
	readonly name: string;
	readonly type: 'float32' | 'int8';
	readonly shape: readonly ('heads' | 'frames' | 'size' | 'one')[];
}

const TENSORS: Readonly<Record<CrossFormat, readonly CrossTensor[]>> = {
	float32: [
		{name: 'cross_key', type: 'float32', shape: ['heads', 'frames', 'size']},
		{name: 'cross_value', type: 'float32', shape: ['heads', 'frames', 'size']},
	],
	int8: [
		{name: 'cross_key', type: 'int8', shape: ['heads', 'size', 'frames']},
		{name: 'cross_key_scale', type: 'float32', shape: ['heads', 'one', 'size']},
		// 128 times the sum of each key: queries are shifted by that much to be unsigned.
		{name: 'cross_key_offset', type: 'float32', shape: ['heads', 'one', 'frames']},
		{name: 'cross_value', type: 'int8', shape: ['heads', 'frames', 'size']},
		{name: 'cross_value_scale', type: 'float32', shape: ['heads', 'one', 'size']},
	],
};

export function crossTensors(format: CrossFormat): readonly CrossTensor[] {
	return TENSORS[format];
}

/** Sizes of a tensor of so many rows; a name stands for a size that is known only at run time. */
export function crossShape<Size extends number | string>(
	{shape}: CrossTensor,
	rows: Size,
	heads: number,
	frames: Size,
): (Size | number)[] {
	const sizes = {heads, frames, size: HEAD_SIZE, one: 1};
	return [rows, ...shape.map(axis => sizes[axis])];
}
