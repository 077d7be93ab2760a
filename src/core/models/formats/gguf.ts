import {open, type FileHandle} from 'node:fs/promises';
import {InfinisstError} from '../../errors.js';
import {expandBlocks, type BlockMatrix} from './block-matrix.js';
import {parseGgufHeader, type GgufHeader, type GgufTensor, type GgufValue} from './gguf-header.js';
import {readExactly, toFloat32, type Weight, type WeightFile} from './weight-file.js';

/** How much of the file is read at first; what a header takes beyond that is read in ever larger pieces. */
const FIRST_BYTES = 1 << 20;

/** The largest vocabularies take 15 MB; nothing honest comes near this. */
const MAX_HEADER_BYTES = 1 << 29;

/** A GGUF file (ggml/docs/gguf.md): tensors under llama.cpp's names, with facts about the model. */
export interface GgufFile extends WeightFile {
	/** By key, for example `general.architecture`. */
	readonly metadata: ReadonlyMap<string, GgufValue>;
	/** A matrix as the whole numbers it is stored in; undefined if it is stored in floats. Shapes as in `shape`. */
	readBlocks(name: string): Promise<BlockMatrix | undefined>;
}

/**
 * Opens a GGUF file of version 2 or 3. Every count, length and place in it is checked before it is used.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if the header cannot be read or points outside the file; `MODEL_UNSUPPORTED` for
 * a version or a type of weights that is not read.
 */
export async function openGguf(path: string): Promise<GgufFile> {
	const file = await open(path, 'r');
	try {
		const {metadata, tensors} = await readHeader(file, path);
		const find = (name: string): GgufTensor => {
			const tensor = tensors.get(name);
			if (tensor !== undefined) return tensor;
			throw new InfinisstError('MODEL_CORRUPT', `${path} has no tensor "${name}"`, {
				hint: 'Take the whole file, or another one of the same model.',
			});
		};
		const readBlocks = async (tensor: GgufTensor): Promise<BlockMatrix | undefined> => {
			if (tensor.type.unpack === undefined) return undefined;
			const bytes = await readExactly(file, path, tensor.offsetBytes, tensor.lengthBytes);
			const inputs = tensor.shape.at(-1)!;
			return tensor.type.unpack(bytes, product(tensor.shape) / inputs, inputs);
		};
		let closing: Promise<void> | undefined;
		return {
			metadata,
			names: [...tensors.keys()],
			shape: name => tensors.get(name)?.shape,
			readBlocks: async name => readBlocks(find(name)),
			read: async (name): Promise<Weight> => {
				const tensor = find(name);
				const {shape, type} = tensor;
				const blocks = await readBlocks(tensor);
				if (blocks !== undefined) return {shape, values: expandBlocks(blocks)};
				const bytes = await readExactly(file, path, tensor.offsetBytes, tensor.lengthBytes);
				return {shape, values: toFloat32(bytes, FLOAT_TYPES[type.name]!, name)};
			},
			close: () => (closing ??= file.close()),
		};
	} catch (error) {
		await file.close();
		throw error;
	}
}

const FLOAT_TYPES: Readonly<Record<string, 'float32' | 'float16' | 'bfloat16'>> = {
	F32: 'float32',
	F16: 'float16',
	BF16: 'bfloat16',
};

async function readHeader(file: FileHandle, path: string): Promise<GgufHeader> {
	const {size} = await file.stat();
	for (let length = FIRST_BYTES; ; length *= 4) {
		const bytes = await readExactly(file, path, 0, Math.min(length, size, MAX_HEADER_BYTES));
		const header = parseGgufHeader(bytes, size, path);
		if (header !== undefined) return header;
		if (bytes.length < length) {
			throw new InfinisstError(
				'MODEL_CORRUPT',
				size > MAX_HEADER_BYTES
					? `The header of ${path} is longer than ${MAX_HEADER_BYTES} bytes`
					: `${path} ends within its header`,
				{hint: 'The file is damaged or was not loaded to its end: fetch it again.'},
			);
		}
	}
}

function product(shape: readonly number[]): number {
	return shape.reduce((size, length) => size * length, 1);
}
