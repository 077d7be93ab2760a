import {describe, expect, it} from 'vitest';
import {combineFacts} from '../../../../src/server/models/combine-models.js';
import type {ModelFacts} from '../../../../src/server/models/model-facts.js';

function facts(name: string, change: Partial<ModelFacts> = {}): ModelFacts {
	const part = {name, sizeBytes: 100, isInstalled: true};
	return {...part, parts: [part], sourceLanguages: ['en', 'de'], targets: ['same', 'en'], ...change};
}

describe('combineFacts()', () => {
	it('adds up what is fetched, and what is written', () => {
		const text = facts('text', {sizeBytes: 30, isInstalled: false, targets: ['zh']});
		const missing = [{name: 'text', sizeBytes: 30, isInstalled: false}];
		const combined = combineFacts([facts('ear'), {...text, parts: missing}]);
		expect(combined).toMatchObject({
			name: 'ear+text',
			sizeBytes: 130,
			isInstalled: false,
			sourceLanguages: ['en', 'de'],
			targets: ['same', 'en', 'zh'],
		});
		// One that hears is there once, however many follow.
		const both = combineFacts([combined, combineFacts([facts('ear'), facts('other', {targets: ['it']})])]);
		expect(both).toMatchObject({name: 'ear+text+other', sizeBytes: 230, targets: ['same', 'en', 'zh', 'it']});
	});

	it('hears what all of them can go on with', () => {
		const german = facts('german', {sourceLanguages: ['de'], targets: ['fr']});
		expect(combineFacts([facts('ear'), german]).sourceLanguages).toEqual(['de']);
	});
});
