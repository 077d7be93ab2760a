import {existsSync} from 'node:fs';
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import type {BlockMatrix} from '../formats/block-matrix.js';
import {openGguf, type GgufFile} from '../formats/gguf.js';
import {openSafetensors, openShardedSafetensors} from '../formats/safetensors.js';
import type {WeightFile} from '../formats/weight-file.js';
import type {Matrix} from '../graph/linear.js';
import type {DecoderDimensions} from './decoder-dimensions.js';
import {readGgufDimensions} from './gguf-dimensions.js';
import {readTransformersDimensions, textConfig, type Config} from './transformers-dimensions.js';

/** Weights of a decoder-only model under one set of names, whatever file they come from. */
export interface DecoderCheckpoint {
	readonly dimensions: DecoderDimensions;
	/** The file, if it is a GGUF file: it holds the tokenizer as well. */
	readonly gguf: GgufFile | undefined;
	/** False where the embedding of tokens is the output projection too. */
	readonly hasHead: boolean;
	/**
	 * A matrix by the name that transformers gives it below the model, for example `layers.0.mlp.up_proj`; whole
	 * numbers if the file stores it so.
	 *
	 * @throws {InfinisstError} `MODEL_CORRUPT` if it is not there or of another shape.
	 */
	matrix(name: string, outputs: number, inputs: number): Promise<Matrix | BlockMatrix>;
	/** The scale of a normalisation, as it is multiplied with. */
	scale(name: string, length: number): Promise<Float32Array>;
	/** Undefined where the model has none. */
	bias(name: string, length: number): Promise<Float32Array | undefined>;
	close(): Promise<void>;
}

export function isBlockMatrix(matrix: Matrix | BlockMatrix): matrix is BlockMatrix {
	return 'bits' in matrix;
}

/** The one GGUF file of a folder; undefined if there is none. */
export async function findGguf(directory: string): Promise<string | undefined> {
	const files = (await readdir(directory)).filter(name => name.endsWith('.gguf')).sort();
	if (files.length > 1) {
		throw new InfinisstError(
			'MODEL_UNSUPPORTED',
			`${directory} holds several GGUF files: ${files.join(', ')}`,
			{
				hint: 'Keep the one to be used: split files must be merged first (llama-gguf-split --merge).',
			},
		);
	}
	return files[0] && join(directory, files[0]);
}

/**
 * Opens the weights in a folder: `*.gguf`, `model.safetensors`, or a sharded checkpoint with its `config.json`.
 *
 * @throws {InfinisstError} `MODEL_UNSUPPORTED`, `MODEL_CORRUPT`.
 */
export async function openDecoderCheckpoint(directory: string): Promise<DecoderCheckpoint> {
	const gguf = await findGguf(directory);
	if (gguf !== undefined) return openGgufCheckpoint(gguf);
	const single = join(directory, 'model.safetensors');
	const sharded = join(directory, 'model.safetensors.index.json');
	if (existsSync(single)) return openTransformersCheckpoint(directory, single, await openSafetensors(single));
	if (existsSync(sharded))
		return openTransformersCheckpoint(directory, sharded, await openShardedSafetensors(sharded));
	throw new InfinisstError('MODEL_UNSUPPORTED', `No weights of a language model in ${directory}`, {
		hint: 'The folder must hold a GGUF file, model.safetensors or model.safetensors.index.json.',
	});
}

async function openTransformersCheckpoint(
	directory: string,
	path: string,
	file: WeightFile,
): Promise<DecoderCheckpoint> {
	try {
		const config = await readConfig(join(directory, 'config.json'));
		const dimensions = readTransformersDimensions(config, join(directory, 'config.json'));
		// Models that see as well, and towers saved without their head, put it elsewhere.
		const embedding = file.names.find(name => name.endsWith('embed_tokens.weight'));
		if (embedding === undefined) throw missing(path, 'embed_tokens.weight');
		const prefix = embedding.slice(0, -'embed_tokens.weight'.length);
		const head = file.names.find(name => name.endsWith('lm_head.weight'));
		const isTied = textConfig(config)['tie_word_embeddings'] ?? dimensions.architecture === 'gemma3_text';
		// Gemma stores what is added to 1.
		const isShifted = dimensions.architecture === 'gemma3_text';
		return createCheckpoint({
			file,
			path,
			dimensions,
			gguf: undefined,
			hasHead: head !== undefined && isTied !== true,
			isShifted,
			locate: name => (name === 'lm_head.weight' ? head! : prefix + name),
			readBlocks: () => Promise.resolve(undefined),
		});
	} catch (error) {
		await file.close();
		throw error;
	}
}

async function openGgufCheckpoint(path: string): Promise<DecoderCheckpoint> {
	const file = await openGguf(path);
	try {
		const dimensions = await readGgufDimensions(file, path);
		const isGemma = dimensions.architecture === 'gemma3_text';
		return createCheckpoint({
			file,
			path,
			dimensions,
			gguf: file,
			hasHead: file.shape('output.weight') !== undefined,
			// Its converter adds the 1.
			isShifted: false,
			locate: name => locateInGguf(name, isGemma),
			readBlocks: name => file.readBlocks(name),
		});
	} catch (error) {
		await file.close();
		throw error;
	}
}

/** Names of llama.cpp (gguf-py, tensor_mapping.py) by those of transformers. */
const GGUF_NAMES: Readonly<Record<string, string>> = {
	embed_tokens: 'token_embd',
	norm: 'output_norm',
	lm_head: 'output',
	input_layernorm: 'attn_norm',
	'self_attn.q_proj': 'attn_q',
	'self_attn.k_proj': 'attn_k',
	'self_attn.v_proj': 'attn_v',
	'self_attn.o_proj': 'attn_output',
	'self_attn.q_norm': 'attn_q_norm',
	'self_attn.k_norm': 'attn_k_norm',
	post_attention_layernorm: 'ffn_norm',
	pre_feedforward_layernorm: 'ffn_norm',
	post_feedforward_layernorm: 'post_ffw_norm',
	'mlp.gate_proj': 'ffn_gate',
	'mlp.up_proj': 'ffn_up',
	'mlp.down_proj': 'ffn_down',
};

function locateInGguf(name: string, isGemma: boolean): string {
	const {layer, part, kind} = /^(?:layers\.(?<layer>\d+)\.)?(?<part>.+)\.(?<kind>weight|bias)$/.exec(name)!
		.groups as {layer?: string; part: string; kind: string};
	// The only name that means another place in Gemma, which normalises what attention gives, too.
	const stored =
		isGemma && part === 'post_attention_layernorm' ? 'post_attention_norm' : (GGUF_NAMES[part] ?? part);
	return `${layer === undefined ? '' : `blk.${layer}.`}${stored}.${kind}`;
}

interface CheckpointParts {
	readonly file: WeightFile;
	readonly path: string;
	readonly dimensions: DecoderDimensions;
	readonly gguf: GgufFile | undefined;
	readonly hasHead: boolean;
	/** 1 is to be added to scales. */
	readonly isShifted: boolean;
	readonly locate: (name: string) => string;
	readonly readBlocks: (name: string) => Promise<BlockMatrix | undefined>;
}

function createCheckpoint(parts: CheckpointParts): DecoderCheckpoint {
	const {file, path, dimensions, gguf, hasHead, isShifted, locate, readBlocks} = parts;
	const check = (stored: string, expected: readonly number[]): void => {
		const shape = file.shape(stored);
		if (shape === undefined) throw missing(path, stored);
		if (String(shape) === String(expected)) return;
		throw new InfinisstError(
			'MODEL_CORRUPT',
			`"${stored}" in ${path} is ${shape.join(' × ')}, but must be ${expected.join(' × ')}`,
			{hint: 'Take weights and configuration of the same model.'},
		);
	};
	return {
		dimensions,
		gguf,
		hasHead,
		matrix: async (name, outputs, inputs) => {
			const stored = locate(`${name}.weight`);
			check(stored, [outputs, inputs]);
			return (await readBlocks(stored)) ?? {outputs, inputs, values: (await file.read(stored)).values};
		},
		scale: async (name, length) => {
			const stored = locate(`${name}.weight`);
			check(stored, [length]);
			const {values} = await file.read(stored);
			return isShifted ? values.map(value => value + 1) : values;
		},
		bias: async (name, length) => {
			const stored = locate(`${name}.bias`);
			if (file.shape(stored) === undefined) return undefined;
			check(stored, [length]);
			return (await file.read(stored)).values;
		},
		close: () => file.close(),
	};
}

/** @throws {InfinisstError} `MODEL_CORRUPT`. */
export async function readConfig(path: string): Promise<Config> {
	try {
		return JSON.parse(await readFile(path, 'utf8')) as Config;
	} catch (cause) {
		throw new InfinisstError('MODEL_CORRUPT', `${path} cannot be read`, {
			cause,
			hint: 'Check that all files of the checkpoint are there.',
		});
	}
}

function missing(path: string, name: string): InfinisstError {
	return new InfinisstError('MODEL_CORRUPT', `${path} has no tensor "${name}"`, {
		hint: 'Check that all files of the checkpoint are there.',
	});
}
