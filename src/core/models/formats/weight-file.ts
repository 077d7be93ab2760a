import type {FileHandle} from 'node:fs/promises';
import {InfinisstError} from '../../errors.js';
import {bfloat16ToFloat32, float16ToFloat32} from './float16.js';

export type WeightType = 'float32' | 'float16' | 'bfloat16' | 'int8' | 'int16' | 'int32';

export const BYTES_PER_WEIGHT: Record<WeightType, number> = {
	float32: 4,
	float16: 2,
	bfloat16: 2,
	int8: 1,
	int16: 2,
	int32: 4,
};

/** Where a tensor lies in a file. Row-major. */
export interface WeightEntry {
	readonly type: WeightType;
	readonly shape: readonly number[];
	readonly offsetBytes: number;
	readonly lengthBytes: number;
}

/** A tensor as float32, row-major; the caller owns the array. */
export interface Weight {
	readonly shape: readonly number[];
	readonly values: Float32Array;
}

/** Tensors of a checkpoint by name. Only what is asked for is read, so a model larger than memory can be imported. */
export interface WeightFile {
	readonly names: readonly string[];
	/** Shape of a tensor, or undefined if there is none of this name. */
	shape(name: string): readonly number[] | undefined;
	/**
	 * Reads one tensor.
	 *
	 * @throws {InfinisstError} `MODEL_CORRUPT` if there is no such tensor or the file ends before it.
	 */
	read(name: string): Promise<Weight>;
	/** Idempotent. */
	close(): Promise<void>;
}

export async function readEntry(
	file: FileHandle,
	path: string,
	name: string,
	entry: WeightEntry,
): Promise<Weight> {
	const bytes = await readExactly(file, path, entry.offsetBytes, entry.lengthBytes);
	return {shape: entry.shape, values: toFloat32(bytes, entry.type, name)};
}

/** @throws {InfinisstError} `MODEL_CORRUPT` if the file ends before `lengthBytes` are read. */
export async function readExactly(
	file: FileHandle,
	path: string,
	offsetBytes: number,
	lengthBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
	const bytes = new Uint8Array(lengthBytes);
	let filled = 0;
	while (filled < lengthBytes) {
		const {bytesRead} = await file.read(bytes, filled, lengthBytes - filled, offsetBytes + filled);
		if (bytesRead === 0) {
			throw new InfinisstError(
				'MODEL_CORRUPT',
				`${path} ends at byte ${offsetBytes + filled}, before the ${lengthBytes} bytes expected at ${offsetBytes}`,
				{hint: 'Remove the model and pull it again.'},
			);
		}
		filled += bytesRead;
	}
	return bytes;
}

/** Widens what lies in `bytes`; may share its memory. */
export function toFloat32(bytes: Uint8Array<ArrayBuffer>, type: WeightType, name: string): Float32Array {
	switch (type) {
		case 'float32':
			return new Float32Array(bytes.buffer);
		case 'float16':
			return float16ToFloat32(new Uint16Array(bytes.buffer));
		case 'bfloat16':
			return bfloat16ToFloat32(new Uint16Array(bytes.buffer));
		case 'int8':
		case 'int16':
		case 'int32':
			throw new InfinisstError(
				'MODEL_UNSUPPORTED',
				`Tensor "${name}" holds ${type} weights, expected floats`,
				{
					hint: 'Import a float16 or float32 checkpoint: this program quantises itself.',
				},
			);
	}
}
