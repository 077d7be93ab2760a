import {writeFile} from 'node:fs/promises';

export interface TensorToWrite {
	/** `F32`, `F16`, `BF16`, ... */
	readonly dtype: string;
	readonly shape: readonly number[];
	readonly bytes: Uint8Array;
}

/** A safetensors file: 8 bytes header length, the header, the data, tensors in their order. */
export function makeSafetensors(tensors: Readonly<Record<string, TensorToWrite>>): Buffer {
	let offset = 0;
	const header = Object.fromEntries(
		Object.entries(tensors).map(([name, {dtype, shape, bytes}]) => {
			const start = offset;
			offset += bytes.length;
			return [name, {dtype, shape, data_offsets: [start, offset]}];
		}),
	);
	return Buffer.concat([
		makeSafetensorsHeader({__metadata__: {format: 'pt'}, ...header}),
		...Object.values(tensors).map(({bytes}) => bytes),
	]);
}

/** The head of a safetensors file around any header. */
export function makeSafetensorsHeader(header: unknown): Buffer {
	const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
	const length = Buffer.alloc(8);
	length.writeBigUInt64LE(BigInt(json.length));
	return Buffer.concat([length, json]);
}

export async function writeSafetensors(
	path: string,
	tensors: Readonly<Record<string, TensorToWrite>>,
): Promise<void> {
	await writeFile(path, makeSafetensors(tensors));
}
