import {existsSync} from 'node:fs';
import {open, readFile, type FileHandle} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import {
	BYTES_PER_WEIGHT,
	readEntry,
	readExactly,
	type WeightEntry,
	type WeightFile,
	type WeightType,
} from './weight-file.js';

const WEIGHT_TYPES: Readonly<Record<string, WeightType>> = {
	F32: 'float32',
	F16: 'float16',
	BF16: 'bfloat16',
	I8: 'int8',
	I16: 'int16',
	I32: 'int32',
};

/** The format's own limit on the JSON header (safetensors README). */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Opens one safetensors file: 8 bytes header length, a JSON header with types, shapes and offsets, then
 * the data. Tensors of types no model here uses are left out.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if the header cannot be read or points outside the file.
 */
export async function openSafetensors(path: string): Promise<WeightFile> {
	const file = await open(path, 'r');
	try {
		const entries = await readHeader(file, path);
		let closing: Promise<void> | undefined;
		return {
			names: [...entries.keys()],
			shape: name => entries.get(name)?.shape,
			read: async name => {
				const entry = entries.get(name);
				if (entry === undefined) throw missingTensor(path, name);
				return readEntry(file, path, name, entry);
			},
			close: () => (closing ??= file.close()),
		};
	} catch (error) {
		await file.close();
		throw error;
	}
}

/**
 * Opens a checkpoint that is spread over several files, by its `*.safetensors.index.json`.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` as {@link openSafetensors}, or if the index is damaged.
 */
export async function openShardedSafetensors(indexPath: string): Promise<WeightFile> {
	const shardOf = readWeightMap(parseJson(await readFile(indexPath, 'utf8'), indexPath), indexPath);
	const shards = new Map<string, WeightFile>();
	const close = async (): Promise<void> => {
		await Promise.all([...shards.values()].map(shard => shard.close()));
	};
	try {
		for (const fileName of new Set(shardOf.values())) {
			shards.set(fileName, await openShard(indexPath, fileName));
		}
	} catch (error) {
		await close();
		throw error;
	}
	const find = (name: string): WeightFile | undefined => shards.get(shardOf.get(name) ?? '');
	return {
		names: [...shardOf.keys()],
		shape: name => find(name)?.shape(name),
		read: async name => {
			const shard = find(name);
			if (shard === undefined) throw missingTensor(indexPath, name);
			return shard.read(name);
		},
		close,
	};
}

/** Name of the file of each tensor. */
function readWeightMap(index: unknown, indexPath: string): Map<string, string> {
	const files = isRecord(index) && isRecord(index['weight_map']) ? Object.entries(index['weight_map']) : [];
	const shardOf = new Map<string, string>();
	for (const [name, fileName] of files) {
		// Files outside the folder are none of the model's, whoever wrote the index.
		if (typeof fileName !== 'string' || !/^[^\\/]+\.safetensors$/.test(fileName)) {
			throw new InfinisstError(
				'MODEL_CORRUPT',
				`${indexPath} names a file that is no shard beside it: ${JSON.stringify(fileName)}`,
				{hint: 'Do not use this model: its index was tampered with or damaged.'},
			);
		}
		shardOf.set(name, fileName);
	}
	if (shardOf.size === 0) {
		throw new InfinisstError('MODEL_CORRUPT', `${indexPath} names no tensors`, {
			hint: 'Remove the model and pull it again.',
		});
	}
	return shardOf;
}

async function openShard(indexPath: string, fileName: string): Promise<WeightFile> {
	const path = join(dirname(indexPath), fileName);
	if (!existsSync(path)) {
		throw new InfinisstError('MODEL_CORRUPT', `${path} is missing, which ${indexPath} names`, {
			hint: 'Check that all files of the checkpoint are there.',
		});
	}
	return openSafetensors(path);
}

async function readHeader(file: FileHandle, path: string): Promise<Map<string, WeightEntry>> {
	const {size} = await file.stat();
	const lengthBytes = await readExactly(file, path, 0, 8);
	const headerBytes = Number(new DataView(lengthBytes.buffer).getBigUint64(0, true));
	if (headerBytes > MAX_HEADER_BYTES || headerBytes + 8 > size) {
		throw new InfinisstError(
			'MODEL_CORRUPT',
			`${path} is no safetensors file: its header would be ${headerBytes} bytes`,
			{
				hint: 'Remove the model and pull it again.',
			},
		);
	}
	const text = new TextDecoder().decode(await readExactly(file, path, 8, headerBytes));
	const header = parseJson(text, path);
	if (!isRecord(header)) throw brokenHeader(path, 'it lists no tensors');
	const entries = new Map<string, WeightEntry>();
	for (const [name, tensor] of Object.entries(header)) {
		if (name === '__metadata__') continue;
		if (!isTensor(tensor)) throw brokenHeader(path, `the entry of tensor "${name}" cannot be read`);
		const type = WEIGHT_TYPES[tensor.dtype];
		if (type === undefined) continue;
		const [start, end] = tensor.data_offsets;
		if (8 + headerBytes + end > size) throw brokenHeader(path, `tensor "${name}" lies outside the file`);
		const weights = tensor.shape.reduce((product, length) => product * length, 1);
		if (weights * BYTES_PER_WEIGHT[type] !== end - start)
			throw brokenHeader(path, `the entry of tensor "${name}" does not add up`);
		entries.set(name, {
			type,
			shape: tensor.shape,
			offsetBytes: 8 + headerBytes + start,
			lengthBytes: end - start,
		});
	}
	return entries;
}

interface TensorEntry {
	readonly dtype: string;
	readonly shape: readonly number[];
	readonly data_offsets: readonly [start: number, end: number];
}

function isTensor(value: unknown): value is TensorEntry {
	if (!isRecord(value)) return false;
	const {dtype, shape, data_offsets: offsets} = value;
	return typeof dtype === 'string' && areSizes(shape) && areSizes(offsets) && offsets.length === 2;
}

function areSizes(value: unknown): value is readonly number[] {
	return Array.isArray(value) && value.every(size => Number.isSafeInteger(size) && size >= 0);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function brokenHeader(path: string, problem: string): InfinisstError {
	return new InfinisstError('MODEL_CORRUPT', `The header of ${path} is damaged: ${problem}`, {
		hint: 'Remove the model and pull it again.',
	});
}

function parseJson(text: string, path: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch (cause) {
		throw new InfinisstError('MODEL_CORRUPT', `The JSON of ${path} cannot be read`, {
			cause,
			hint: 'Remove the model and pull it again.',
		});
	}
}

function missingTensor(path: string, name: string): InfinisstError {
	return new InfinisstError('MODEL_CORRUPT', `${path} has no tensor "${name}"`, {
		hint: 'Check that all files of the checkpoint are there.',
	});
}
