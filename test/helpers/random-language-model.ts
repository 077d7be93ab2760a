import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {buildDecoderLmGraphs} from '../../src/core/models/decoder-lm/build-decoder-lm-graphs.js';
import type {Precision} from '../../src/core/models/precision.js';
import {createRandom} from '../../src/core/util/random.js';
import {writeSafetensors, type TensorToWrite} from './make-safetensors.js';

/** What transformers makes of a small model: see make-lm-goldens.py. */
export interface GoldenModel {
	readonly config: Readonly<Record<string, unknown>>;
	readonly seed: number;
	readonly prompt: readonly number[];
	/** Greedy. */
	readonly tokens: readonly number[];
	/** Greedy, with the oldest tokens behind the first taken out whenever the window is full. */
	readonly slidTokens: readonly number[];
	/** Base64 of float32: after the prompt, and after all of `slidTokens` but the last. */
	readonly firstLogits: string;
	readonly lastSlidLogits: string;
}

export interface Goldens {
	readonly window: {readonly kept: number; readonly tokens: number; readonly dropped: number};
	readonly blocks: Readonly<Record<string, {readonly bytes: string; readonly weights: string}>>;
	readonly models: Readonly<Record<string, GoldenModel>>;
}

export async function readGoldens(): Promise<Goldens> {
	const path = new URL('../fixtures/decoder-lm/random-models.json', import.meta.url);
	return JSON.parse(await readFile(path, 'utf8')) as Goldens;
}

export function unpackFloats(base64: string): Float32Array {
	return new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
}

export interface NamedWeight {
	readonly shape: readonly number[];
	readonly values: Float32Array;
}

/** The weights of make-lm-goldens.py: noise, every tensor in the order of its name. */
export function makeWeights({config, seed}: Pick<GoldenModel, 'config' | 'seed'>): Map<string, NamedWeight> {
	const random = createRandom(seed);
	const isGemma = config['model_type'] === 'gemma3_text';
	const isTied = config['tie_word_embeddings'] === true;
	const weights = new Map<string, NamedWeight>();
	for (const [name, shape] of [...listShapes(config)].sort(([a], [b]) => (a < b ? -1 : 1))) {
		const size = shape.reduce((product, length) => product * length, 1);
		const noise = Array.from({length: size}, () => random() * 2 - 1);
		const valueOf = (value: number): number => {
			if (name === 'model.norm.weight' && isTied) return value + (isGemma ? 9 : 10);
			if (name.endsWith('norm.weight')) return value * 0.3 + (isGemma ? 0 : 1);
			if (name.endsWith('.bias')) return value * 0.5;
			if (name.includes('embed_tokens') || name.includes('lm_head')) return value * (isTied ? 0.1 : 1);
			return (value * 1.7) / Math.sqrt(shape.at(-1)!);
		};
		weights.set(name, {shape, values: Float32Array.from(noise, valueOf)});
	}
	return weights;
}

function listShapes(config: Readonly<Record<string, unknown>>): Map<string, readonly number[]> {
	const size = (key: string): number => config[key] as number;
	const width = size('hidden_size');
	const inner = size('intermediate_size');
	const heads = size('num_attention_heads');
	const headSize = (config['head_dim'] as number | undefined) ?? width / heads;
	const queries = heads * headSize;
	const keys = size('num_key_value_heads') * headSize;
	const type = config['model_type'];
	const shapes = new Map<string, readonly number[]>([
		['model.embed_tokens.weight', [size('vocab_size'), width]],
		['model.norm.weight', [width]],
	]);
	if (config['tie_word_embeddings'] !== true) shapes.set('lm_head.weight', [size('vocab_size'), width]);
	for (let layer = 0; layer < size('num_hidden_layers'); layer++) {
		const add = (name: string, ...shape: number[]): void => {
			shapes.set(`model.layers.${layer}.${name}`, shape);
		};
		add('input_layernorm.weight', width);
		add('post_attention_layernorm.weight', width);
		add('self_attn.q_proj.weight', queries, width);
		add('self_attn.k_proj.weight', keys, width);
		add('self_attn.v_proj.weight', keys, width);
		add('self_attn.o_proj.weight', width, queries);
		add('mlp.gate_proj.weight', inner, width);
		add('mlp.up_proj.weight', inner, width);
		add('mlp.down_proj.weight', width, inner);
		if (type === 'qwen2') {
			add('self_attn.q_proj.bias', queries);
			add('self_attn.k_proj.bias', keys);
			add('self_attn.v_proj.bias', keys);
		}
		if (type === 'qwen3' || type === 'gemma3_text') {
			add('self_attn.q_norm.weight', headSize);
			add('self_attn.k_norm.weight', headSize);
		}
		if (type === 'gemma3_text') {
			add('pre_feedforward_layernorm.weight', width);
			add('post_feedforward_layernorm.weight', width);
		}
	}
	return shapes;
}

/** Writes a model as transformers would. @param shards - 1 writes `model.safetensors`, more an index and so many files. */
export async function writeRandomModel(folder: string, model: GoldenModel, shards = 1): Promise<void> {
	await mkdir(folder, {recursive: true});
	const files = Array.from({length: shards}, (): Record<string, TensorToWrite> => ({}));
	const names = new Map<string, string>();
	for (const [index, [name, {shape, values}]] of [...makeWeights(model)].entries()) {
		files[index % shards]![name] = {dtype: 'F32', shape, bytes: new Uint8Array(values.buffer)};
		names.set(name, shardName(index % shards, shards));
	}
	for (const [index, file] of files.entries())
		await writeSafetensors(join(folder, shardName(index, shards)), file);
	if (shards > 1) {
		const index = {weight_map: Object.fromEntries(names)};
		await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
	}
	await writeFile(join(folder, 'config.json'), JSON.stringify(model.config));
	await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(makeByteTokenizer()));
}

function shardName(index: number, shards: number): string {
	if (shards === 1) return 'model.safetensors';
	const number = (value: number): string => String(value).padStart(5, '0');
	return `model-${number(index + 1)}-of-${number(shards)}.safetensors`;
}

/** Three steering tokens and one for each byte, in the way of GPT-2. */
export function makeByteTokenizer(): unknown {
	const steering = ['<s>', '</s>', '<pad>'];
	const printable = (byte: number): boolean =>
		(byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
	let moved = 256;
	const characters = Array.from({length: 256}, (_, byte) =>
		String.fromCodePoint(printable(byte) ? byte : moved++),
	);
	return {
		added_tokens: steering.map((content, id) => ({id, content, special: true})),
		normalizer: null,
		pre_tokenizer: {type: 'ByteLevel', add_prefix_space: false, use_regex: true},
		decoder: {type: 'ByteLevel'},
		model: {
			type: 'BPE',
			vocab: Object.fromEntries(characters.map((character, byte) => [character, byte + steering.length])),
			merges: [],
		},
	};
}

/** Builds the graph of a model that was written to `folder`. @returns the folder of its graph. */
export async function buildGraph(folder: string, precision: Precision): Promise<string> {
	const outputDirectory = join(folder, `graph-${precision}`);
	await mkdir(outputDirectory);
	await buildDecoderLmGraphs({sourceDirectory: folder, outputDirectory, precision});
	return outputDirectory;
}
