import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {buildDecoderLmGraphs} from '../../../src/core/models/decoder-lm/build-decoder-lm-graphs.js';
import type {
	LanguageModel,
	LanguageModelContext,
} from '../../../src/core/models/decoder-lm/language-model.js';
import {openLanguageModel} from '../../../src/core/models/decoder-lm/open-language-model.js';
import type {Precision} from '../../../src/core/models/precision.js';
import {catchRejection} from '../../helpers/catch-rejection.js';
import {runGreedy} from '../../helpers/greedy.js';
import {makeGguf, type GgufTensorToWrite, type GgufValueToWrite} from '../../helpers/make-gguf.js';
import {
	buildGraph,
	makeWeights,
	readGoldens,
	unpackFloats,
	writeRandomModel,
	type GoldenModel,
} from '../../helpers/random-language-model.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const goldens = await readGoldens();
const llama = goldens.models['llama']!;
const gemma = goldens.models['gemma3']!;

async function openModel(golden: GoldenModel, precision: Precision = 'fp32'): Promise<LanguageModel> {
	const folder = join(await temporaryDirectory(), 'model');
	await writeRandomModel(folder, golden);
	const model = await openLanguageModel({graphsDirectory: await buildGraph(folder, precision)});
	onTestFinished(() => model.close());
	return model;
}

/** Same texts at different times and in different company. */
async function readPrompts(
	model: LanguageModel,
	prompts: readonly (readonly number[])[],
): Promise<number[][]> {
	const runs = await Promise.all(prompts.map(prompt => runGreedy(model, prompt, 12 + prompt.length)));
	return runs.map(({tokens}) => [...tokens]);
}

describe('a language model', () => {
	it.each(['fp32', 'q8', 'q4'] as const)(
		'says the same to each of several sessions as to it alone, in %s',
		async precision => {
			const model = await openModel(gemma, precision);
			const prompts = [3, 17, 1, 40, 90, 5, 17, 64].map((length, order) =>
				Array.from({length}, (_, index) => 10 + ((index * 7 + order * 31) % 300)),
			);
			const alone: number[][] = [];
			for (const prompt of prompts) alone.push(...(await readPrompts(model, [prompt])));
			expect(await readPrompts(model, prompts)).toEqual(alone);
			const {batchSizes} = model.statistics();
			expect(Math.max(...Object.keys(batchSizes).map(Number))).toBeGreaterThan(4);
		},
	);

	it('reads a text in one go as token by token, and in pieces as whole', async () => {
		const model = await openModel(gemma);
		const tokens = Array.from({length: 150}, (_, index) => 5 + ((index * 11) % 300));
		const whole = model.openContext();
		const atOnce = await model.step(whole, tokens);
		const single = model.openContext();
		let last: Float32Array = new Float32Array(0);
		for (const token of tokens) last = await model.step(single, [token]);
		expect(single.length).toBe(150);
		expect(largestDifference(atOnce, last)).toBeLessThan(1e-3);
	});

	it('lets a copy of a context go its own way, and its memory be freed', async () => {
		const model = await openModel(llama);
		const context = model.openContext();
		await model.step(context, llama.prompt);
		const copy = context.fork();
		const before = (await model.step(copy, [7])).slice();
		await model.step(copy, [8, 9, 10]);
		expect([context.length, copy.length]).toEqual([llama.prompt.length, llama.prompt.length + 4]);
		copy.destroy();
		copy.destroy();
		expect(await model.step(context, [7])).toEqual(before);
		await expect(catchRejection(model.step(copy, [1]))).resolves.toMatchObject({code: 'RESOURCE_CLOSED'});
		expect(context.byteLength).toBe(context.length * 3 * 2 * 2 * 16 * 4);
	});

	it('is not confused by contexts that come and go while others are read', async () => {
		const model = await openModel(llama);
		const contexts = Array.from({length: 6}, () => model.openContext());
		await Promise.all(contexts.map((context, index) => model.step(context, [5, 6, 7 + index])));
		const expected = await Promise.all(contexts.map(context => model.step(context.fork(), [9])));
		const steps = [3, 4, 5].map(index => model.step(contexts[index]!, [9]));
		await Promise.resolve();
		contexts[0]!.destroy();
		contexts[1]!.fork();
		contexts[2]!.destroy();
		contexts[1]!.dropSpan(0, 2);
		model.openContext();
		expect(await Promise.all(steps)).toEqual(expected.slice(3));
		expect(await model.step(contexts[3]!, [9])).toEqual(
			await model.step(await readAgain(model, [5, 6, 10, 9]), [9]),
		);
	});

	it('remembers nothing of tokens that were taken out in a model of one layer', async () => {
		const one = {...llama, config: {...llama.config, num_hidden_layers: 1}};
		const model = await openModel(one);
		const context = model.openContext();
		await model.step(context, [5, 6, 7, 100, 101, 102, 103, 8, 9]);
		context.dropSpan(3, 7);
		expect(context.length).toBe(5);
		const slid = await model.step(context, [11]);
		const fresh = await model.step(model.openContext(), [5, 6, 7, 8, 9, 11]);
		expect(largestDifference(slid, fresh)).toBeLessThan(1e-4);
	});

	it('sees what is within the window of a layer, wherever that began and whatever was taken out', async () => {
		const config = {...gemma.config, num_hidden_layers: 1, layer_types: ['sliding_attention']};
		const model = await openModel({...gemma, config});
		const tokens = Array.from({length: 240}, (_, index) => 5 + ((index * 11) % 300));
		const readAtOnce = async (read: readonly number[]): Promise<Float32Array> =>
			model.step(model.openContext(), [...read, 7]);
		const context = model.openContext();
		for (const [index, token] of tokens.entries()) {
			await model.step(context, [token]);
			if (index < 76 || index > 84) continue;
			const next = await model.step(context.fork(), [7]);
			const expected = await readAtOnce(tokens.slice(0, index + 1));
			expect(largestDifference(next, expected), `behind ${index}`).toBeLessThan(1e-4);
		}
		// What goes is in the window; or all of the window goes, and what was before it comes back.
		for (const [from, to] of [
			[228, 236],
			[100, 235],
		] as const) {
			const slid = context.fork();
			slid.dropSpan(from, to);
			const expected = await readAtOnce([...tokens.slice(0, from), ...tokens.slice(to)]);
			expect(largestDifference(await model.step(slid, [7]), expected)).toBeLessThan(1e-4);
		}
		const untouched = await model.step(context, [7]);
		expect(largestDifference(untouched, await readAtOnce(tokens))).toBeLessThan(1e-4);
	});

	it('keeps the context as it was when a step is given up', async () => {
		const model = await openModel(llama);
		const context = model.openContext();
		await model.step(context, [5, 6, 7]);
		const stop = new AbortController();
		const reason = new Error('enough');
		const step = model.step(context, new Array<number>(300).fill(9), {signal: stop.signal});
		setImmediate(() => setImmediate(() => stop.abort(reason)));
		await expect(step).rejects.toBe(reason);
		expect(context.length).toBe(3);
		const copy = model.openContext();
		await model.step(copy, [5, 6, 7]);
		expect(await model.step(context, [4])).toEqual(await model.step(copy, [4]));
	});

	it('refuses texts that are too long, spans that are none, and calls at the wrong time', async () => {
		const model = await openModel(llama);
		const context = model.openContext();
		await expect(catchRejection(model.step(context, new Array<number>(513).fill(9)))).resolves.toMatchObject({
			code: 'LIMIT_EXCEEDED',
			message: 'The text has 513 tokens, more than the 512 the model can read',
		});
		await expect(catchRejection(model.step(context, []))).resolves.toMatchObject({code: 'INTERNAL_FAULT'});
		await model.step(context, [5, 6]);
		expect(() => context.dropSpan(1, 3)).toThrow('The tokens 1 to 3 are no span of a context of 2');
		const step = model.step(context, [7]);
		expect(() => context.dropSpan(0, 1)).toThrow('A context was used while a step of it runs');
		await step;
		const late = catchRejection(model.step(context, [8]));
		await model.close();
		expect(await late).toMatchObject({code: 'RESOURCE_CLOSED'});
		expect(() => model.openContext()).toThrow('The language model was closed');
	});

	it.each([
		['q8', 0.35],
		['q4', 4],
	] as const)('stays near the exact logits in %s', async (precision, bound) => {
		const model = await openModel(llama, precision);
		const logits = await model.step(model.openContext(), llama.prompt);
		const difference = largestDifference(logits, unpackFloats(llama.firstLogits));
		expect(difference).toBeLessThan(bound);
		expect(difference).toBeGreaterThan(1e-3);
	});
});

describe('a GGUF file', () => {
	it.each(['llama', 'qwen2', 'qwen3'])(
		'of a small %s model gives the logits of its safetensors',
		async name => {
			const golden = goldens.models[name]!;
			const folder = await temporaryDirectory();
			await writeFile(join(folder, 'model.gguf'), convertToGguf(golden));
			const outputDirectory = join(folder, 'graph');
			await mkdir(outputDirectory);
			await buildDecoderLmGraphs({sourceDirectory: folder, outputDirectory, precision: 'fp32'});
			const model = await openLanguageModel({graphsDirectory: outputDirectory});
			onTestFinished(() => model.close());
			expect(model.description).toMatchObject({beginToken: 0, endTokens: [1], vocabularySize: 320});
			const logits = await model.step(model.openContext(), golden.prompt);
			expect(largestDifference(logits, unpackFloats(golden.firstLogits))).toBeLessThan(1e-3);
		},
	);

	it('of another architecture is refused by its name', async () => {
		const folder = await temporaryDirectory();
		await writeFile(join(folder, 'model.gguf'), makeGguf({'general.architecture': 'mamba'}));
		const building = buildDecoderLmGraphs({
			sourceDirectory: folder,
			outputDirectory: folder,
			precision: 'fp32',
		});
		await expect(catchRejection(building)).resolves.toMatchObject({
			code: 'MODEL_UNSUPPORTED',
			message: expect.stringContaining('of the architecture "mamba"') as string,
		});
	});
});

const GGUF_NAMES: Readonly<Record<string, string>> = {
	'model.embed_tokens': 'token_embd',
	'model.norm': 'output_norm',
	lm_head: 'output',
	input_layernorm: 'attn_norm',
	post_attention_layernorm: 'ffn_norm',
	'self_attn.q_proj': 'attn_q',
	'self_attn.k_proj': 'attn_k',
	'self_attn.v_proj': 'attn_v',
	'self_attn.o_proj': 'attn_output',
	'self_attn.q_norm': 'attn_q_norm',
	'self_attn.k_norm': 'attn_k_norm',
	'mlp.gate_proj': 'ffn_gate',
	'mlp.up_proj': 'ffn_up',
	'mlp.down_proj': 'ffn_down',
};

/** As llama.cpp's converter writes it, floats left as they are. */
function convertToGguf(golden: GoldenModel): Buffer {
	const {config} = golden;
	const architecture = config['model_type'] as string;
	const number = (key: string): number => config[key] as number;
	const heads = number('num_attention_heads');
	const headSize = (config['head_dim'] as number | undefined) ?? number('hidden_size') / heads;
	const tensors: GgufTensorToWrite[] = [];
	for (const [name, {shape, values}] of makeWeights(golden)) {
		const layer = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name);
		const stored = layer
			? `blk.${layer[1]!}.${GGUF_NAMES[layer[2]!]!}.${layer[3]!}`
			: `${GGUF_NAMES[name.slice(0, -'.weight'.length)]!}.weight`;
		const isTurned = architecture === 'llama' && /\.(?:q|k)_proj\.weight$/.test(name);
		const stays = isTurned ? putPairsTogether(values, shape[1]!, headSize) : values;
		tensors.push({name: stored, type: 0, shape, bytes: new Uint8Array(stays.buffer)});
	}
	const scaling = config['rope_scaling'] as Readonly<Record<string, number>> | undefined;
	if (scaling !== undefined) {
		const divisors = llama3Divisors(number('rope_theta'), headSize, scaling);
		tensors.push({
			name: 'rope_freqs.weight',
			type: 0,
			shape: [headSize / 2],
			bytes: new Uint8Array(divisors.buffer),
		});
	}
	const tokens = Array.from({length: 320}, (_, id) => (id < 3 ? `<${id}>` : `t${id}`));
	const key = (name: string): string => `${architecture}.${name}`;
	const metadata: Record<string, GgufValueToWrite> = {
		'general.architecture': architecture,
		[key('embedding_length')]: number('hidden_size'),
		[key('block_count')]: number('num_hidden_layers'),
		[key('context_length')]: 512,
		[key('feed_forward_length')]: number('intermediate_size'),
		[key('attention.head_count')]: heads,
		[key('attention.head_count_kv')]: number('num_key_value_heads'),
		[key('attention.key_length')]: headSize,
		[key('attention.layer_norm_rms_epsilon')]: {
			float: (config['rms_norm_eps'] as number | undefined) ?? 1e-6,
		},
		[key('rope.freq_base')]: {float: number('rope_theta')},
		'tokenizer.ggml.model': 'gpt2',
		'tokenizer.ggml.pre': 'qwen2',
		'tokenizer.ggml.tokens': tokens,
		'tokenizer.ggml.token_type': tokens.map((_, id) => (id < 3 ? 3 : 1)),
		'tokenizer.ggml.merges': [''].slice(1),
		'tokenizer.ggml.add_bos_token': true,
		'tokenizer.ggml.bos_token_id': 0,
		'tokenizer.ggml.eos_token_id': 1,
	};
	return makeGguf(metadata, tensors);
}

/** Row i of the first half of a head, and of the second half, one behind the other. */
function putPairsTogether(values: Float32Array, inputs: number, headSize: number): Float32Array {
	const turned = new Float32Array(values.length);
	for (let row = 0; row < values.length / inputs; row++) {
		const within = row % headSize;
		const half = headSize / 2;
		const to = row - within + (within < half ? 2 * within : 2 * (within - half) + 1);
		turned.set(values.subarray(row * inputs, (row + 1) * inputs), to * inputs);
	}
	return turned;
}

/** As `convert_hf_to_gguf.py` computes them. */
function llama3Divisors(
	base: number,
	headSize: number,
	scaling: Readonly<Record<string, number>>,
): Float32Array {
	const {
		factor,
		low_freq_factor: low,
		high_freq_factor: high,
		original_max_position_embeddings: trained,
	} = scaling;
	return Float32Array.from({length: headSize / 2}, (_, pair) => {
		const waveLength = 2 * Math.PI * base ** ((2 * pair) / headSize);
		if (waveLength < trained! / high!) return 1;
		if (waveLength > trained! / low!) return factor!;
		const share = (trained! / waveLength - low!) / (high! - low!);
		return 1 / ((1 - share) / factor! + share);
	});
}

async function readAgain(model: LanguageModel, tokens: readonly number[]): Promise<LanguageModelContext> {
	const context = model.openContext();
	await model.step(context, tokens.slice(0, 3));
	for (const token of tokens.slice(3)) await model.step(context, [token]);
	return context;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
	return a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index]!)), 0);
}
