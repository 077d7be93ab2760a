import {describe, expect, it} from 'vitest';
import {CATALOGUE} from '../../../../../src/core/models/catalogue/catalogue.js';
import {
	recommendModels,
	type RecommendationRequest,
} from '../../../../../src/core/models/catalogue/recommend-models.js';
import type {ModelSummary} from '../../../../../src/core/models/model-store.js';
import {catchError} from '../../../../helpers/catch-error.js';

const KNOWN: readonly ModelSummary[] = CATALOGUE.models.map(({downloadBytes, ...entry}) => ({
	...entry,
	sizeBytes: downloadBytes,
	isInstalled: entry.name === 'whisper-base',
	precisions: [],
}));

function recommend(request: Partial<RecommendationRequest>): readonly string[] {
	const asked = {source: 'en', target: 'zh', memoryBytes: 4e9, cores: 2, ...request};
	return recommendModels(KNOWN, asked).map(({name}) => name);
}

describe('recommendModels()', () => {
	it('joins what hears with what translates, for a small machine and a large one', () => {
		expect(recommend({})[0]).toBe('whisper-small+opus-mt-en-zh');
		expect(recommend({memoryBytes: 700e6})[0]).toBe('whisper-base+opus-mt-en-zh');
		expect(recommend({memoryBytes: 64e9, cores: 64})[0]).toBe('whisper-large-v3+qwen2.5-7b-instruct');
	});

	it('needs one model for captions and for English', () => {
		expect(recommend({source: 'de', target: 'en'})[0]).toBe('whisper-small');
		expect(recommend({source: 'auto', target: 'same'}).every(name => !name.includes('+'))).toBe(true);
	});

	it('goes through English where no model knows the pair itself', () => {
		expect(recommend({source: 'de', target: 'it'})[0]).toBe('whisper-small+opus-mt-en-it');
	});

	it('tells what is still to be fetched', () => {
		const all = recommendModels(KNOWN, {source: 'en', target: 'de', memoryBytes: 4e9, cores: 2});
		const pick = all.find(({name}) => name === 'whisper-base+opus-mt-en-de');
		expect(pick).toMatchObject({downloadBytes: 113_000_000, isInstalled: false});
		expect(pick!.licences).toEqual(['MIT', 'CC-BY-4.0']);
	});

	it('has the lightest for a machine that is too slow for any', () => {
		expect(recommend({cores: 0.1})).toEqual(['whisper-tiny+opus-mt-en-zh']);
	});

	it('says what would be needed where nothing fits, and where nothing is known', () => {
		const small = {source: 'en', target: 'zh', memoryBytes: 1e6, cores: 2};
		expect(catchError(() => recommendModels(KNOWN, small))).toMatchObject({
			code: 'LIMIT_EXCEEDED',
			hint: expect.stringContaining('whisper-tiny+opus-mt-en-zh needs least') as string,
		});
		expect(catchError(() => recommendModels(KNOWN, {...small, target: 'la'}))).toMatchObject({
			code: 'LANGUAGE_PAIR_UNSUPPORTED',
		});
	});
});
