/** A tensor of a GGUF file; the shape is row-major, as everywhere but in the file itself. */
export interface GgufTensorToWrite {
	readonly name: string;
	/** ggml's number of the type: 0 for float32. */
	readonly type: number;
	readonly shape: readonly number[];
	readonly bytes: Uint8Array;
}

export type GgufValueToWrite =
	number | boolean | string | {readonly float: number} | readonly string[] | readonly number[];

/** A GGUF file of version 3. Numbers are 32-bit whole ones, lists of numbers float32 ones. */
export function makeGguf(
	metadata: Readonly<Record<string, GgufValueToWrite>>,
	tensors: readonly GgufTensorToWrite[] = [],
): Buffer {
	const parts: Buffer[] = [
		Buffer.from('GGUF'),
		uint32(3),
		uint64(tensors.length),
		uint64(Object.keys(metadata).length),
	];
	for (const [key, value] of Object.entries(metadata)) parts.push(text(key), encodeValue(value));
	let offset = 0;
	for (const {name, type, shape, bytes} of tensors) {
		parts.push(
			text(name),
			uint32(shape.length),
			...[...shape].reverse().map(uint64),
			uint32(type),
			uint64(offset),
		);
		offset += Math.ceil(bytes.length / 32) * 32;
	}
	const head = Buffer.concat(parts);
	const padded = (bytes: Uint8Array): Buffer => Buffer.concat([bytes], Math.ceil(bytes.length / 32) * 32);
	return Buffer.concat([padded(head), ...tensors.map(({bytes}) => padded(bytes))]);
}

function encodeValue(value: GgufValueToWrite): Buffer {
	if (typeof value === 'string') return Buffer.concat([uint32(8), text(value)]);
	if (typeof value === 'boolean') return Buffer.concat([uint32(7), Buffer.from([value ? 1 : 0])]);
	if (typeof value === 'number') return Buffer.concat([uint32(4), uint32(value)]);
	if ('float' in value) return Buffer.concat([uint32(6), float32(value.float)]);
	const isText = typeof value[0] === 'string';
	const items = value.map(item => (typeof item === 'string' ? text(item) : float32(item)));
	return Buffer.concat([uint32(9), uint32(isText ? 8 : 6), uint64(value.length), ...items]);
}

export function text(value: string): Buffer {
	const bytes = Buffer.from(value);
	return Buffer.concat([uint64(bytes.length), bytes]);
}

export function uint32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32LE(value);
	return bytes;
}

export function uint64(value: number | bigint): Buffer {
	const bytes = Buffer.alloc(8);
	bytes.writeBigUInt64LE(BigInt(value));
	return bytes;
}

function float32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeFloatLE(value);
	return bytes;
}
