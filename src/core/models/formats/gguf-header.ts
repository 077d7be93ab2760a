import {InfinisstError} from '../../errors.js';
import {GGUF_TYPES, OTHER_GGUF_TYPES, type GgufType} from './gguf-types.js';

/** Whole numbers beyond 2 ** 53 lose their last digits: nothing that is read here is so large. */
export type GgufValue =
	number | boolean | string | readonly number[] | readonly boolean[] | readonly string[];

export interface GgufTensor {
	readonly type: GgufType;
	/** Row-major: the longest jumps first, as everywhere in this program. */
	readonly shape: readonly number[];
	/** From the start of the file. */
	readonly offsetBytes: number;
	readonly lengthBytes: number;
}

export interface GgufHeader {
	readonly metadata: ReadonlyMap<string, GgufValue>;
	readonly tensors: ReadonlyMap<string, GgufTensor>;
}

const MAGIC = 0x46554747;

/** Most axes a tensor may have (GGML_MAX_DIMS). */
const MAX_AXES = 4;

const DEFAULT_ALIGNMENT = 32;

/** Bytes of the number types of metadata, by their numbers; 8 is a string and 9 a list. */
const NUMBER_BYTES: Readonly<Record<number, number>> = {
	0: 1,
	1: 1,
	2: 2,
	3: 2,
	4: 4,
	5: 4,
	6: 4,
	7: 1,
	10: 8,
	11: 8,
	12: 8,
};

const STRING = 8;
const LIST = 9;

/** The bytes that were given end before the header does. */
class EndOfBytes extends Error {}

/**
 * Reads the head of a GGUF file.
 *
 * @param bytes - the first of the file.
 * @param fileBytes - size of the whole file: nothing may claim to be larger.
 * @param path - named in messages.
 * @returns undefined if the header goes on behind `bytes`.
 * @throws {InfinisstError} as `openGguf`.
 */
export function parseGgufHeader(bytes: Uint8Array, fileBytes: number, path: string): GgufHeader | undefined {
	try {
		return parse(new Cursor(bytes, fileBytes, path), path, fileBytes);
	} catch (error) {
		if (error instanceof EndOfBytes) return undefined;
		throw error;
	}
}

function parse(cursor: Cursor, path: string, fileBytes: number): GgufHeader {
	if (fileBytes < 24 || cursor.uint32() !== MAGIC) {
		throw corrupt(path, 'is no GGUF file: it does not begin with "GGUF"');
	}
	const version = cursor.uint32();
	if (version !== 2 && version !== 3) {
		throw new InfinisstError(
			'MODEL_UNSUPPORTED',
			version > 0xffff
				? `${path} is a GGUF file for big-endian machines`
				: `${path} is a GGUF file of version ${version}, not 2 or 3`,
			{hint: "Convert the model again with a present version of llama.cpp's tools."},
		);
	}
	// A tensor takes 24 bytes at least, a fact 13.
	const tensorCount = cursor.count(24, 'tensors');
	const factCount = cursor.count(13, 'facts');
	const metadata = new Map<string, GgufValue>();
	for (let index = 0; index < factCount; index++) {
		const key = cursor.string();
		if (metadata.has(key)) throw corrupt(path, `has the key "${printable(key)}" twice`);
		metadata.set(key, cursor.value(cursor.uint32(), key));
	}
	const alignment = metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT;
	if (
		typeof alignment !== 'number' ||
		alignment < 8 ||
		alignment > 1 << 20 ||
		!Number.isInteger(Math.log2(alignment))
	) {
		throw corrupt(path, `has an alignment of ${printable(String(alignment))}, no power of two from 8 on`);
	}
	const places = new Map<string, Omit<GgufTensor, 'offsetBytes'> & {readonly offset: number}>();
	for (let index = 0; index < tensorCount; index++) {
		const name = cursor.string();
		if (places.has(name)) throw corrupt(path, `has the tensor "${printable(name)}" twice`);
		places.set(name, readTensor(cursor, name, path));
	}
	const dataStart = Math.ceil(cursor.position / alignment) * alignment;
	const tensors = new Map<string, GgufTensor>();
	for (const [name, {offset, ...tensor}] of places) {
		if (offset % alignment !== 0 || dataStart + offset + tensor.lengthBytes > fileBytes) {
			throw corrupt(
				path,
				`is damaged or cut short: its tensor "${printable(name)}" does not lie within the file`,
			);
		}
		tensors.set(name, {...tensor, offsetBytes: dataStart + offset});
	}
	return {metadata, tensors};
}

function readTensor(
	cursor: Cursor,
	name: string,
	path: string,
): Omit<GgufTensor, 'offsetBytes'> & {readonly offset: number} {
	const axes = cursor.uint32();
	if (axes < 1 || axes > MAX_AXES) throw corrupt(path, `has a tensor "${printable(name)}" of ${axes} axes`);
	const shape: number[] = [];
	// Stored the other way round: the axis whose neighbours lie side by side comes first.
	for (let axis = 0; axis < axes; axis++) shape.unshift(cursor.size());
	const typeNumber = cursor.uint32();
	const offset = cursor.size();
	const type = GGUF_TYPES.get(typeNumber);
	if (type === undefined) {
		throw new InfinisstError(
			'MODEL_UNSUPPORTED',
			`${path} stores "${printable(name)}" as ${OTHER_GGUF_TYPES[typeNumber] ?? `type ${typeNumber}`}, which is not read`,
			{
				hint: `Take a file in one of these: ${[...GGUF_TYPES.values()].map(({name: known}) => known).join(', ')}; Q4_K_M and Q8_0 are common.`,
			},
		);
	}
	const weights = shape.reduce((size, length) => size * length, 1);
	const lengthBytes = (weights / type.blockWeights) * type.blockBytes;
	if (shape.includes(0) || shape.at(-1)! % type.blockWeights !== 0 || !Number.isSafeInteger(lengthBytes)) {
		throw corrupt(path, `has a tensor "${printable(name)}" of the impossible shape ${shape.join(' × ')}`);
	}
	return {type, shape, lengthBytes, offset};
}

class Cursor {
	readonly #bytes: Uint8Array;
	readonly #view: DataView;
	readonly #fileBytes: number;
	readonly #path: string;
	position = 0;

	constructor(bytes: Uint8Array, fileBytes: number, path: string) {
		this.#bytes = bytes;
		this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.#fileBytes = fileBytes;
		this.#path = path;
	}

	uint32(): number {
		return this.#view.getUint32(this.#skip(4), true);
	}

	/** A size or place of 64 bits. */
	size(): number {
		const value = this.#view.getBigUint64(this.#skip(8), true);
		if (value > Number.MAX_SAFE_INTEGER) throw corrupt(this.#path, `claims a size of ${value}`);
		return Number(value);
	}

	/** How many things follow that take at least so many bytes each. */
	count(leastBytes: number, things: string): number {
		const value = this.size();
		if (value > (this.#fileBytes - this.position) / leastBytes) {
			throw corrupt(this.#path, `claims ${value} ${things}, more than fit into it`);
		}
		return value;
	}

	string(): string {
		const length = this.count(1, 'characters');
		const start = this.#skip(length);
		return utf8.decode(this.#bytes.subarray(start, start + length));
	}

	value(type: number, key: string): GgufValue {
		if (type === STRING) return this.string();
		if (type === LIST) return this.#list(key);
		return this.#number(type, key);
	}

	#list(key: string): GgufValue {
		const type = this.uint32();
		if (type === STRING) {
			const count = this.count(8, `strings in "${printable(key)}"`);
			return Array.from({length: count}, () => this.string());
		}
		const bytes = NUMBER_BYTES[type];
		if (bytes === undefined) throw this.#unknownType(type, key);
		const count = this.count(bytes, `values in "${printable(key)}"`);
		// All of them or none: lists are long.
		if (this.position + count * bytes > this.#bytes.length) throw new EndOfBytes();
		return Array.from({length: count}, () => this.#number(type, key)) as number[] | boolean[];
	}

	#number(type: number, key: string): number | boolean {
		const bytes = NUMBER_BYTES[type];
		if (bytes === undefined) throw this.#unknownType(type, key);
		const view = this.#view;
		const at = this.#skip(bytes);
		switch (type) {
			case 0:
				return view.getUint8(at);
			case 1:
				return view.getInt8(at);
			case 2:
				return view.getUint16(at, true);
			case 3:
				return view.getInt16(at, true);
			case 4:
				return view.getUint32(at, true);
			case 5:
				return view.getInt32(at, true);
			case 6:
				return view.getFloat32(at, true);
			case 7:
				return view.getUint8(at) !== 0;
			case 10:
				return Number(view.getBigUint64(at, true));
			case 11:
				return Number(view.getBigInt64(at, true));
			default:
				return view.getFloat64(at, true);
		}
	}

	#unknownType(type: number, key: string): InfinisstError {
		return corrupt(this.#path, `gives "${printable(key)}" as the unknown type ${type}`);
	}

	#skip(bytes: number): number {
		const start = this.position;
		if (start + bytes > this.#fileBytes) throw corrupt(this.#path, 'ends within its header');
		if (start + bytes > this.#bytes.length) throw new EndOfBytes();
		this.position += bytes;
		return start;
	}
}

const utf8 = new TextDecoder();

/** What a stranger wrote, short and without control characters. */
function printable(text: string): string {
	return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text).slice(1, -1);
}

function corrupt(path: string, problem: string): InfinisstError {
	return new InfinisstError('MODEL_CORRUPT', `${path} ${problem}`, {
		hint: 'The file is damaged or was not loaded to its end: fetch it again.',
	});
}
