import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import type {WhisperDimensions} from '../../../../../src/core/models/whisper/whisper-dimensions.js';
import {describeWhisper} from '../../../../../src/core/models/whisper/whisper-description.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';
import {makeAddedTokens} from '../../../../helpers/whisper-tokenizer.js';

const BASE: WhisperDimensions = {
	width: 512,
	heads: 8,
	encoderLayers: 6,
	decoderLayers: 6,
	melBins: 80,
	vocabularySize: 51_865,
	maxEncoderFrames: 1500,
	maxTokens: 448,
};

interface Files {
	readonly tokenizer?: unknown;
	readonly config?: unknown;
	readonly generation?: unknown;
}

async function describeFiles(
	{tokenizer = {added_tokens: makeAddedTokens(50_257, 99)}, config, generation}: Files,
	dimensions: WhisperDimensions = BASE,
) {
	const folder = await temporaryDirectory();
	for (const [name, content] of [
		['tokenizer.json', tokenizer],
		['config.json', config],
		['generation_config.json', generation],
	] as const) {
		if (content !== undefined)
			await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
	}
	return describeWhisper(folder, dimensions);
}

describe('describeWhisper()', () => {
	it('finds the steering tokens and the languages of a multilingual model', async () => {
		const {specialTokens, languageTokens} = await describeFiles({});
		// As in OpenAI's whisper-base.
		expect(specialTokens).toEqual({
			endOfText: 50_257,
			startOfTranscript: 50_258,
			translate: 50_358,
			transcribe: 50_359,
			startOfPrevious: 50_361,
			noSpeech: 50_362,
			noTimestamps: 50_363,
			timestampBegin: 50_364,
		});
		expect(Object.keys(languageTokens)).toHaveLength(99);
		expect(languageTokens['en']).toBe(50_259);
		expect(languageTokens['yue']).toBeUndefined();
	});

	it('finds them in the vocabulary of large-v3, which has one language more', async () => {
		const {specialTokens, languageTokens} = await describeFiles(
			{tokenizer: {added_tokens: makeAddedTokens(50_257, 100)}},
			{...BASE, melBins: 128, vocabularySize: 51_866},
		);
		expect(specialTokens.timestampBegin).toBe(50_365);
		expect(Object.keys(languageTokens)).toHaveLength(100);
		expect(languageTokens['yue']).toBe(50_358);
	});

	it('gives an English-only model no languages, although its tokenizer lists them', async () => {
		const {specialTokens, languageTokens} = await describeFiles(
			{tokenizer: {added_tokens: makeAddedTokens(50_256, 99)}},
			{...BASE, vocabularySize: 51_864},
		);
		expect(specialTokens.startOfTranscript).toBe(50_257);
		expect(languageTokens).toEqual({});
	});

	it('knows the mark of no speech by its older name, and by its place', async () => {
		const tokens = makeAddedTokens(50_257, 99);
		const renamed = tokens.map(token =>
			token.content === '<|nospeech|>' ? {...token, content: '<|nocaptions|>'} : token,
		);
		const left = tokens.filter(({content}) => content !== '<|nospeech|>');
		for (const added of [renamed, left])
			expect((await describeFiles({tokenizer: {added_tokens: added}})).specialTokens.noSpeech).toBe(50_362);
	});

	it('reads what CTranslate2 writes', async () => {
		const description = await describeFiles({
			config: {
				alignment_heads: [
					[5, 1],
					[3, 2],
				],
				suppress_ids: [7, 1],
				suppress_ids_begin: [220, 50_257],
			},
		});
		expect(description.alignmentHeads).toEqual([
			[3, 2],
			[5, 1],
		]);
		expect(description.beginSuppressTokens).toEqual([220, 50_257]);
		expect(description.suppressTokens.slice(0, 2)).toEqual([1, 7]);
	});

	it('reads what transformers writes, the generation settings before the others', async () => {
		const description = await describeFiles({
			config: {suppress_tokens: [], begin_suppress_tokens: [220], d_model: 512},
			generation: {alignment_heads: [[4, 2]], suppress_tokens: [5], begin_suppress_tokens: [220, 50_257]},
		});
		expect(description.alignmentHeads).toEqual([[4, 2]]);
		expect(description.beginSuppressTokens).toEqual([220, 50_257]);
		expect(description.suppressTokens[0]).toBe(5);
	});

	it('never lets the model write what steers it, whatever the configuration says', async () => {
		const {suppressTokens} = await describeFiles({generation: {suppress_tokens: [-1]}});
		expect(suppressTokens).toEqual([50_258, 50_358, 50_359, 50_360, 50_361, 50_362]);
	});

	it('takes all heads of the upper half of the layers where none are named', async () => {
		const {alignmentHeads} = await describeFiles(
			{config: {alignment_heads: null}},
			{...BASE, decoderLayers: 2},
		);
		expect(alignmentHeads).toEqual(Array.from({length: 8}, (_, head) => [1, head]));
	});

	it.each([
		['there is no tokenizer', {tokenizer: {}}, 'MODEL_UNSUPPORTED'],
		['the tokenizer is not of Whisper', {tokenizer: {added_tokens: []}}, 'MODEL_UNSUPPORTED'],
		['a file is no JSON', {config: '{"alignment_heads":'}, 'MODEL_CORRUPT'],
	])('says so where %s', async (_title, files, code) => {
		expect((await catchRejection(describeFiles(files))).code).toBe(code);
	});
});
