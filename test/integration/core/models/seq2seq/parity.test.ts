import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {openOnnxSession, type OnnxSession} from '../../../../../src/core/models/onnx-session.js';
import {openTranslationModel} from '../../../../../src/core/models/seq2seq/open-translation-model.js';
import type {TranslationModel} from '../../../../../src/core/models/seq2seq/translation-model.js';
import {
	buildTranslationModel,
	readFixture,
	type Golden,
	type GoldenCase,
} from '../../../../helpers/random-translation-model.js';

/** Largest difference between what was made and what the reference made. */
function difference(made: ArrayLike<number>, expected: readonly number[]): number {
	expect(made.length).toBe(expected.length);
	return Math.max(...expected.map((value, index) => Math.abs(value - made[index]!)));
}

// Golden values of transformers 4.57.1, float32, on random weights (test/fixtures/seq2seq/make-goldens.py).
describe.each([
	['marian', 1],
	['nllb', 2],
] as const)('a random %s in float32, from %i files', (name, shards) => {
	let parent: string;
	let directory: string;
	let model: TranslationModel;
	let golden: Golden;

	beforeAll(async () => {
		parent = await mkdtemp(join(tmpdir(), 'infinisst-test-'));
		golden = await readFixture<Golden>(name, 'golden.json');
		directory = await buildTranslationModel(name, 'fp32', {shards, parent});
		model = await openTranslationModel({directory, name});
	});
	afterAll(async () => {
		await model.close();
		await rm(parent, {recursive: true, force: true});
	});

	it('encodes a text within 1e-3 of the reference', async () => {
		const encoder = await openOnnxSession(join(directory, 'encoder.onnx'));
		for (const {source, states} of golden.cases) {
			const tensors = await encoder.run({tokens: encoder.integers(source, [1, source.length])}, ['states']);
			expect(difference(tensors['states']!.data as Float32Array, states)).toBeLessThan(1e-3);
		}
		await encoder.close();
	});

	it('gives logits within 1e-3 of the reference, and its attention', async () => {
		const encoder = await openOnnxSession(join(directory, 'encoder.onnx'));
		const decoder = await openOnnxSession(join(directory, 'decoder.onnx'));
		for (const each of golden.cases) {
			const {logits, alignment} = await decodeOnce(encoder, decoder, each);
			expect(difference(logits, each.logits)).toBeLessThan(1e-3);
			expect(difference(alignment, each.attention)).toBeLessThan(1e-4);
		}
		await encoder.close();
		await decoder.close();
	});

	it('writes the same tokens as the reference, greedily and with beams', async () => {
		for (const {source, searches} of golden.cases) {
			for (const {options, forcedPrefix, tokens, isComplete, score} of searches) {
				const steering = name === 'nllb' ? 2 : 1;
				const [made] = await model.translate([
					{
						tokens: source,
						target: 'de',
						forcedPrefix,
						beams: options.num_beams,
						lengthPenalty: options.length_penalty ?? 1,
						noRepeatNgram: options.no_repeat_ngram_size ?? 0,
						badWords: options.bad_words_ids ?? [],
						maxTokens: options.max_length! - steering - forcedPrefix.length,
					},
				]);
				expect(made!.tokens).toEqual(tokens);
				expect(made!.isComplete).toBe(isComplete);
				if (score !== undefined) expect(made!.score).toBeCloseTo(score, 3);
			}
		}
	});
});

/** Logits behind, and attention of, the last token the decoder reads. */
async function decodeOnce(
	encoder: OnnxSession,
	decoder: OnnxSession,
	{source, decoderTokens}: GoldenCase,
): Promise<{logits: Float32Array; alignment: Float32Array}> {
	const {states, ...cross} = await encoder.run({tokens: encoder.integers(source, [1, source.length])});
	expect(states).toBeDefined();
	const layers = Object.keys(cross).filter(key => key.startsWith('cross_key')).length;
	const [, heads, , size] = cross['cross_key.0']!.dims as [number, number, number, number];
	const none = decoder.floats(new Float32Array(0), [1, heads, 0, size]);
	const past = Array.from({length: layers}, (_, layer) => [
		[`past_key.${layer}`, none],
		[`past_value.${layer}`, none],
	]).flat();
	const made = await decoder.run({
		...cross,
		...(Object.fromEntries(past) as typeof cross),
		tokens: decoder.integers(decoderTokens, [1, decoderTokens.length]),
		past_lengths: decoder.integers([0], [1]),
		source_lengths: decoder.integers([source.length], [1]),
		logit_positions: decoder.integers([decoderTokens.length - 1], [1, 1]),
	});
	const alignment = made['alignment']!.data as Float32Array;
	return {logits: made['logits']!.data as Float32Array, alignment: alignment.slice(-source.length)};
}
