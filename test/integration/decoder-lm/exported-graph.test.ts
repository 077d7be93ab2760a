import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {buildDecoderLmGraphs} from '../../../src/core/models/decoder-lm/build-decoder-lm-graphs.js';
import {openLanguageModel} from '../../../src/core/models/decoder-lm/open-language-model.js';
import {GraphBuilder} from '../../../src/core/models/graph/graph-builder.js';
import {catchRejection} from '../../helpers/catch-rejection.js';
import {makeByteTokenizer} from '../../helpers/random-language-model.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const VOCABULARY = 259;

/**
 * A graph in the layout of optimum's exports that tells what it was given: the logit of a token is the sum of its
 * positions, counted from 1, each multiplied by how many tokens were attended to when it was read.
 */
async function writeExport(folder: string, type: 'float32' | 'float16' = 'float32'): Promise<void> {
	await mkdir(join(folder, 'onnx'));
	const graph = await GraphBuilder.create('export', join(folder, 'onnx', 'model.onnx'));
	const ids = graph.input('input_ids', 'int64', ['batch', 'sequence']);
	const mask = graph.input('attention_mask', 'int64', ['batch', 'total']);
	const positions = graph.input('position_ids', 'int64', ['batch', 'sequence']);
	const cacheShape = ['batch', 1, 'past', VOCABULARY];
	const toFloat = (value: string): string => graph.node('Cast', [value], {attributes: {to: 1n}});
	const seen = toFloat(graph.node('ReduceSum', [mask], {attributes: {keepdims: 1n}}));
	const place = toFloat(graph.node('Add', [positions, graph.integer(1)]));
	const weight = graph.node('Unsqueeze', [graph.node('Mul', [place, seen]), graph.integers(-1)]);
	const values = await graph.tensor('on_off', 'float32', [2], Float32Array.of(0, 1));
	const hot = graph.node('OneHot', [ids, graph.integers(VOCABULARY), values], {attributes: {axis: -1n}});
	const made = graph.node('Unsqueeze', [graph.node('Mul', [hot, weight]), graph.integers(1)]);
	for (const kind of ['key', 'value']) {
		const past = graph.input(`past_key_values.0.${kind}`, type, cacheShape);
		graph.node('Concat', [type === 'float16' ? toFloat(past) : past, made], {
			output: `present.0.${kind}`,
			attributes: {axis: 2n},
		});
		graph.output(`present.0.${kind}`, 'float32', ['batch', 1, 'total', VOCABULARY]);
	}
	graph.node('ReduceSum', ['present.0.value', graph.integers(2)], {
		output: 'logits',
		attributes: {keepdims: 0n},
	});
	graph.output('logits', 'float32', ['batch', 1, VOCABULARY]);
	await graph.write();
	const config = {model_type: 'phi', vocab_size: VOCABULARY, max_position_embeddings: 100, eos_token_id: 1};
	await writeFile(join(folder, 'config.json'), JSON.stringify(config));
	await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(makeByteTokenizer()));
}

async function build(type?: 'float16'): Promise<string> {
	const folder = await temporaryDirectory();
	const sourceDirectory = join(folder, 'source');
	const outputDirectory = join(folder, 'graph');
	await mkdir(sourceDirectory);
	await mkdir(outputDirectory);
	await writeExport(sourceDirectory, type);
	await buildDecoderLmGraphs({sourceDirectory, outputDirectory, precision: 'q8'});
	return outputDirectory;
}

describe('a graph that others exported', () => {
	it('keeps its cache from step to step, and computes it again after tokens were taken out', async () => {
		const model = await openLanguageModel({graphsDirectory: await build()});
		onTestFinished(() => model.close());
		expect(model.description).toMatchObject({architecture: 'phi', maxTokens: 100, endTokens: [1]});
		const context = model.openContext();
		await model.step(context, [5, 6, 7]);
		const next = await model.step(context, [5]);
		// Read as positions 1, 2 and 3 of 3 tokens, then as position 4 of 4.
		expect([next[5], next[6], next[7]]).toEqual([1 * 3 + 4 * 4, 2 * 3, 3 * 3]);

		const copy = context.fork();
		context.dropSpan(0, 2);
		const again = await model.step(context, [8]);
		expect([again[5], again[6], again[7], again[8]]).toEqual([2 * 3, 0, 1 * 3, 3 * 3]);
		expect([context.length, copy.length]).toEqual([3, 4]);
		const other = await model.step(copy, [9]);
		expect([other[5], other[9]]).toEqual([1 * 3 + 4 * 4, 5 * 5]);
		expect(copy.byteLength).toBe(2 * 5 * VOCABULARY * 4);
	});

	it('runs contexts one after another', async () => {
		const model = await openLanguageModel({graphsDirectory: await build()});
		onTestFinished(() => model.close());
		const results = await Promise.all(
			[3, 4, 5].map(token => model.step(model.openContext(), [token, token])),
		);
		expect(results.map((logits, index) => logits[index + 3])).toEqual([6, 6, 6]);
		expect(model.statistics().batchSizes).toEqual({1: 3});
	});

	it('is refused where its cache is of halves', async () => {
		const opening = openLanguageModel({graphsDirectory: await build('float16')});
		await expect(catchRejection(opening)).resolves.toMatchObject({
			code: 'MODEL_UNSUPPORTED',
			message: expect.stringContaining('keeps "past_key_values.0.key" as float16') as string,
		});
	});
});
