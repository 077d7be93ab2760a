import {makeBytes} from './weights.js';

/**
 * Weights that look random and are the same here and in the scripts beside the golden values
 * (`seeded` in test/fixtures/seq2seq/make-goldens.py): -1 to 1, from hashes of the tensor's name.
 */
export function seededValues(name: string, count: number): Float32Array {
	const bytes = makeBytes(2 * count, name);
	return Float32Array.from({length: count}, (_, index) => bytes.readInt16LE(2 * index) / 32_768);
}
