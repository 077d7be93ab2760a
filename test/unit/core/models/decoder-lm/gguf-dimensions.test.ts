import {describe, expect, it} from 'vitest';
import {readGgufDimensions} from '../../../../../src/core/models/decoder-lm/gguf-dimensions.js';
import type {GgufFile} from '../../../../../src/core/models/formats/gguf.js';
import type {GgufValue} from '../../../../../src/core/models/formats/gguf-header.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';

/** A file that holds nothing but facts, of a model with 1000 tokens. */
function makeFile(architecture: string, facts: Readonly<Record<string, GgufValue>>): GgufFile {
	const named = Object.entries(facts).map(([key, value]) => [`${architecture}.${key}`, value] as const);
	return {
		metadata: new Map<string, GgufValue>([['general.architecture', architecture], ...named]),
		names: ['token_embd.weight'],
		shape: name => (name === 'token_embd.weight' ? [1000, 64] : undefined),
		read: () => Promise.reject(new Error('it holds no weights')),
		readBlocks: () => Promise.reject(new Error('it holds no weights')),
		close: () => Promise.resolve(),
	};
}

/** As in google/gemma-3-4b-it. */
const GEMMA_4B: Readonly<Record<string, GgufValue>> = {
	embedding_length: 2560,
	block_count: 34,
	'attention.head_count': 8,
	'attention.head_count_kv': 4,
	'attention.key_length': 256,
	'attention.value_length': 256,
	'attention.sliding_window': 1024,
	'attention.layer_norm_rms_epsilon': 1e-6,
	feed_forward_length: 10_240,
	context_length: 131_072,
	'rope.freq_base': 1_000_000,
	'rope.scaling.type': 'linear',
	'rope.scaling.factor': 8,
};

/** As in Qwen/Qwen3-0.6B. */
const QWEN3: Readonly<Record<string, GgufValue>> = {
	embedding_length: 1024,
	block_count: 28,
	'attention.head_count': 16,
	'attention.head_count_kv': 8,
	'attention.key_length': 128,
	'attention.value_length': 128,
	'attention.layer_norm_rms_epsilon': 1e-6,
	feed_forward_length: 3072,
	context_length: 40_960,
	'rope.freq_base': 1_000_000,
};

describe('readGgufDimensions()', () => {
	it('stretches the positions of those layers of Gemma 3 that look at everything, and of no others', async () => {
		const {rotary, sliding, ...rest} = await readGgufDimensions(makeFile('gemma3', GEMMA_4B), 'here');
		expect(rest).toMatchObject({
			architecture: 'gemma3_text',
			headSize: 256,
			keyValueHeads: 4,
			queryScale: 1 / 16,
			embeddingScale: Math.sqrt(2560),
			activation: 'gelu-tanh',
			vocabularySize: 1000,
			rotaryPairs: 'halves',
			logitLimit: undefined,
		});
		expect(rotary.frequencies[0]).toBe(1 / 8);
		expect(rotary.frequencies[64]).toBeCloseTo(1e-3 / 8, 9);
		expect(sliding).toMatchObject({window: 1024});
		expect(sliding!.rotary.frequencies[0]).toBe(1);
		expect(sliding!.rotary.frequencies[64]).toBeCloseTo(1e-2, 7);
		const looksAtAll = Array.from({length: 34}, (_, layer) => layer).filter(
			layer => !sliding!.layers.includes(layer),
		);
		expect(looksAtAll).toEqual([5, 11, 17, 23, 29]);
	});

	it('scales the queries of the largest Gemma 3 by its width', async () => {
		const facts = {
			...GEMMA_4B,
			embedding_length: 5376,
			block_count: 62,
			'attention.head_count': 32,
			'attention.head_count_kv': 16,
			'attention.key_length': 128,
			'attention.value_length': 128,
		};
		const {queryScale} = await readGgufDimensions(makeFile('gemma3', facts), 'here');
		expect(queryScale).toBeCloseTo(168 ** -0.5, 9);
	});

	it('takes heads of another size than the width has room for', async () => {
		const dimensions = await readGgufDimensions(makeFile('qwen3', QWEN3), 'here');
		expect(dimensions).toMatchObject({
			architecture: 'qwen3',
			headSize: 128,
			queryScale: 128 ** -0.5,
			embeddingScale: 1,
			activation: 'silu',
			sliding: undefined,
		});
	});

	it.each<readonly [string, Readonly<Record<string, GgufValue>>, RegExp]>([
		['a mixture of experts', {expert_count: 8}, /mixture of experts/],
		[
			'another scaling',
			{'rope.scaling.type': 'yarn', 'rope.scaling.factor': 4},
			/scales positions by "yarn"/,
		],
		['positions in a part of each head', {'rope.dimension_count': 64}, /positions in a part of each head/],
		['values of another size', {'attention.value_length': 64}, /keys and values of different sizes/],
		['heads that do not share', {'attention.head_count_kv': 5}, /do not belong together/],
		['no end', {context_length: 'long'}, /gives no number "qwen3.context_length"/],
	])('refuses %s', async (_, facts, message) => {
		const error = await catchRejection(readGgufDimensions(makeFile('qwen3', {...QWEN3, ...facts}), 'here'));
		expect(error.code).toMatch(/^MODEL_/);
		expect(error.message).toMatch(message);
	});
});
