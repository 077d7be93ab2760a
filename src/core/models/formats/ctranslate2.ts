import {open, type FileHandle} from 'node:fs/promises';
import {InfinisstError} from '../../errors.js';
import {
	BYTES_PER_WEIGHT,
	readEntry,
	readExactly,
	type WeightEntry,
	type WeightFile,
	type WeightType,
} from './weight-file.js';

/** Number of each type in the file, from CTranslate2's `DataType` enumeration. */
const WEIGHT_TYPES: Readonly<Record<number, WeightType>> = {
	0: 'float32',
	1: 'int8',
	2: 'int16',
	3: 'int32',
	4: 'float16',
	5: 'bfloat16',
};

/** Binary versions whose layout is the one read here; the models in the wild are 6. */
const KNOWN_VERSIONS = new Set([5, 6]);

export interface CTranslate2File extends WeightFile {
	/** Class of the model in the converter, for example `WhisperSpec`. */
	readonly specification: string;
}

/**
 * Opens a CTranslate2 `model.bin`, versions 5 and 6: a little-endian header, then per variable its name,
 * shape, type and bytes, then aliases. Only the index is read here.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if the file is cut or no such file; `MODEL_UNSUPPORTED` for
 * another version.
 */
export async function openCTranslate2(path: string): Promise<CTranslate2File> {
	const file = await open(path, 'r');
	try {
		const {specification, entries} = await readIndex(file, path);
		let closing: Promise<void> | undefined;
		return {
			specification,
			names: [...entries.keys()],
			shape: name => entries.get(name)?.shape,
			read: async name => {
				const entry = entries.get(name);
				if (entry === undefined) {
					throw new InfinisstError('MODEL_CORRUPT', `${path} has no tensor "${name}"`, {
						hint: 'Check that this is the complete model.bin of a Whisper model.',
					});
				}
				return readEntry(file, path, name, entry);
			},
			close: () => (closing ??= file.close()),
		};
	} catch (error) {
		await file.close();
		throw error;
	}
}

async function readIndex(
	file: FileHandle,
	path: string,
): Promise<{specification: string; entries: Map<string, WeightEntry>}> {
	const cursor = new Cursor(file, path);
	const version = await cursor.uint32();
	if (!KNOWN_VERSIONS.has(version)) {
		throw new InfinisstError(
			'MODEL_UNSUPPORTED',
			`${path} is no CTranslate2 model of version 5 or 6 (it says ${version})`,
			{
				hint: 'Convert it again with a current ct2-transformers-converter, or import the safetensors checkpoint.',
			},
		);
	}
	const specification = await cursor.string();
	await cursor.uint32();
	const count = await cursor.uint32();
	const entries = new Map<string, WeightEntry>();
	for (let index = 0; index < count; index++) {
		const name = await cursor.string();
		const rank = await cursor.uint8();
		const shape: number[] = [];
		for (let axis = 0; axis < rank; axis++) shape.push(await cursor.uint32());
		const typeNumber = await cursor.uint8();
		const type = WEIGHT_TYPES[typeNumber];
		const lengthBytes = await cursor.uint32();
		if (
			type === undefined ||
			shape.reduce((product, size) => product * size, 1) * BYTES_PER_WEIGHT[type] !== lengthBytes
		) {
			throw new InfinisstError('MODEL_CORRUPT', `${path}: the entry of tensor "${name}" does not add up`, {
				hint: 'Remove the model and pull it again.',
			});
		}
		entries.set(name, {type, shape, offsetBytes: cursor.offsetBytes, lengthBytes});
		cursor.skip(lengthBytes);
	}
	const aliases = await cursor.uint32();
	for (let index = 0; index < aliases; index++) {
		const alias = await cursor.string();
		const target = entries.get(await cursor.string());
		if (target !== undefined) entries.set(alias, target);
	}
	return {specification, entries};
}

/** Reads small numbers and names one after another, through a window on the file. */
class Cursor {
	offsetBytes = 0;
	readonly #file: FileHandle;
	readonly #path: string;
	#window = new Uint8Array(0);
	#windowStart = 0;

	constructor(file: FileHandle, path: string) {
		this.#file = file;
		this.#path = path;
	}

	skip(lengthBytes: number): void {
		this.offsetBytes += lengthBytes;
	}

	async uint8(): Promise<number> {
		return (await this.#take(1)).getUint8(0);
	}

	async uint32(): Promise<number> {
		return (await this.#take(4)).getUint32(0, true);
	}

	/** Length in 16 bits, with the closing zero byte counted. */
	async string(): Promise<string> {
		const length = (await this.#take(2)).getUint16(0, true);
		const view = await this.#take(length);
		return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset, Math.max(0, length - 1)));
	}

	async #take(lengthBytes: number): Promise<DataView> {
		let start = this.offsetBytes - this.#windowStart;
		if (start < 0 || start + lengthBytes > this.#window.length) {
			const {size} = await this.#file.stat();
			const wanted = Math.max(lengthBytes, Math.min(4096, size - this.offsetBytes));
			this.#window = await readExactly(this.#file, this.#path, this.offsetBytes, wanted);
			this.#windowStart = this.offsetBytes;
			start = 0;
		}
		this.offsetBytes += lengthBytes;
		return new DataView(this.#window.buffer, start, lengthBytes);
	}
}
