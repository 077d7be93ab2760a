import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {beforeAll, expect, it} from 'vitest';
import {modelFile, openTokenizer, readVocabulary} from '../../../src/core/models/whisper/model-files.js';
import {splitWords} from '../../../src/core/models/whisper/split-words.js';
import type {WhisperVocabulary} from '../../../src/core/models/whisper/whisper-vocabulary.js';
import {catchRejection} from '../../helpers/catch-rejection.js';
import {goldenClips} from '../../helpers/golden.js';
import {describeWithShared} from '../../helpers/shared.js';
import {describeWithWhisperBase, ensureWhisperBase} from '../../helpers/whisper-base.js';

describeWithShared('the vocabulary and the tokenizer of whisper-base', () => {
	describeWithWhisperBase('on the texts of the reference', () => {
		let graphs: string;
		let vocabulary: WhisperVocabulary;
		let tokenize: (text: string) => number[];

		beforeAll(async () => {
			graphs = await ensureWhisperBase('int8');
			[vocabulary, tokenize] = await Promise.all([readVocabulary(graphs), openTokenizer(graphs)]);
		});

		const texts = goldenClips.flatMap(clip => [
			clip.transcribe,
			clip.transcribe_timestamps,
			...(clip.translate === undefined ? [] : [clip.translate, clip.translate_timestamps!]),
		]);

		it('give the text of its tokens', () => {
			for (const {ids, text} of texts) expect(vocabulary.decode(ids)).toBe(text);
		});

		it('decode as the tokenizer library does', async () => {
			const library = (await import('@huggingface/tokenizers')) as unknown as {
				readonly Tokenizer: new (
					tokenizer: unknown,
					config: unknown,
				) => {decode(ids: readonly number[], options: {skip_special_tokens: boolean}): string};
			};
			const file: unknown = JSON.parse(await readFile(join(graphs, 'tokenizer.json'), 'utf8'));
			const tokenizer = new library.Tokenizer(file, {clean_up_tokenization_spaces: false});
			for (const {ids} of texts) {
				const words = ids.filter(id => id < 50_257);
				expect(vocabulary.decode(words)).toBe(tokenizer.decode(words, {skip_special_tokens: true}));
			}
		});

		it('give back any text that is made into tokens', () => {
			for (const text of [' Größe', ' 桥下垂直净空 15 米', " l'homme — ¿qué? …", ' naïve 😀\n', ' <|en|>'])
				expect(vocabulary.decode(tokenize(text))).toBe(text.replace('<|en|>', ''));
		});

		it('split into words that join to the text again', () => {
			for (const clip of goldenClips) {
				const words = splitWords(clip.transcribe.ids, vocabulary, clip.language);
				expect(words.map(({text}) => text).join('')).toBe(clip.transcribe.text);
				for (const {text} of words) expect(text).toMatch(/[\p{L}\p{N}]/u);
			}
		});

		it('say which file is missing', async () => {
			const error = await catchRejection(readVocabulary(join(graphs, 'nowhere')));
			expect(error.code).toBe('MODEL_CORRUPT');
			expect(error.message).toContain(modelFile(join(graphs, 'nowhere'), 'vocabulary'));
		});
	});
});
