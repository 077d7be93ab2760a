import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {detectModel} from '../../../../../src/core/models/store/detect-model.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';

const CTRANSLATE2 = {suppress_ids: [1], suppress_ids_begin: [220], alignment_heads: []};
const languageIds = (first: number, count: number) =>
	Array.from({length: count}, (_, index) => first + index);

describe('detectModel', () => {
	async function detect(config: unknown) {
		const path = join(await temporaryDirectory(), 'config.json');
		await writeFile(path, typeof config === 'string' ? config : JSON.stringify(config));
		return detectModel(path, 'owner/name');
	}

	it.each([
		['CTranslate2, 99 languages', {...CTRANSLATE2, lang_ids: languageIds(50_259, 99)}, 99, 2],
		['CTranslate2, with Cantonese', {...CTRANSLATE2, lang_ids: languageIds(50_259, 100)}, 100, 2],
		['CTranslate2, English only', {...CTRANSLATE2, lang_ids: languageIds(50_258, 99)}, 1, 1],
		['transformers, 99 languages', {model_type: 'whisper', vocab_size: 51_865}, 99, 2],
		['transformers, with Cantonese', {model_type: 'whisper', vocab_size: 51_866}, 100, 2],
		['transformers, English only', {model_type: 'whisper', vocab_size: 51_864}, 1, 1],
	])('knows Whisper of %s', async (_what, config, languages, tasks) => {
		const facts = await detect(config);
		expect(facts.family).toBe('whisper');
		expect(facts.languages).toHaveLength(languages);
		expect(facts.tasks).toHaveLength(tasks);
	});

	it.each([
		['another architecture', {model_type: 'bert'}, '"bert"'],
		['another model of CTranslate2', {add_source_bos: false}, 'unknown'],
		['no JSON', '{', 'no config.json that can be read'],
		['something else', '7', 'unknown'],
	])('refuses %s', async (_what, config, words) => {
		const error = await catchRejection(detect(config));
		expect(error.code).toBe('MODEL_UNSUPPORTED');
		expect(error.message).toContain(words);
	});
});
