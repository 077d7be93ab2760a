import type {CrossTensor} from '../decoding/decoder-batch.js';

/**
 * How the decoder's view of the audio is kept. It is read whole in every step, so its bytes are what a step costs:
 * `int8` takes a third of the time of `float32` (bench/decoder-step).
 */
export type CrossFormat = 'float32' | 'int8';

/** Places in the source are frames of the audio. */
const TENSORS: Readonly<Record<CrossFormat, readonly CrossTensor[]>> = {
	float32: [
		{name: 'cross_key', type: 'float32', shape: ['heads', 'source', 'size']},
		{name: 'cross_value', type: 'float32', shape: ['heads', 'source', 'size']},
	],
	int8: [
		{name: 'cross_key', type: 'int8', shape: ['heads', 'size', 'source']},
		{name: 'cross_key_scale', type: 'float32', shape: ['heads', 'one', 'size']},
		// 128 times the sum of each key: queries are shifted by that much to be unsigned.
		{name: 'cross_key_offset', type: 'float32', shape: ['heads', 'one', 'source']},
		{name: 'cross_value', type: 'int8', shape: ['heads', 'source', 'size']},
		{name: 'cross_value_scale', type: 'float32', shape: ['heads', 'one', 'size']},
	],
};

export function crossTensors(format: CrossFormat): readonly CrossTensor[] {
	return TENSORS[format];
}
