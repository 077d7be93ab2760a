import {describe, expect, it} from 'vitest';
import {listTargets, routeTarget} from '../../../../../src/core/engine/chain/route-target.js';
import type {EngineCapabilities} from '../../../../../src/core/engine/engine.js';
import {createScriptedTextTranslator} from '../../../../../src/core/translation/text/testing/scripted-text-translator.js';

const SPEECH: EngineCapabilities = {
	model: 'speech',
	sourceLanguages: ['en', 'de', 'fr'],
	targets: ['same', 'en'],
	policies: ['align-att'],
};
const marian = createScriptedTextTranslator({model: 'marian', pairs: {en: ['de']}});
const many = createScriptedTextTranslator({model: 'many', pairs: {de: ['it'], en: ['it', 'zh'], fr: ['it']}});

function route(source: string, target: string, speech = SPEECH): string {
	const {heard, text} = routeTarget({source, target}, speech, [marian, many]);
	return text === undefined
		? heard
		: `${heard}, ${text.translator.capabilities.model} from ${text.sourceLanguage}`;
}

describe('routeTarget()', () => {
	it.each([
		['en', 'same', 'same'],
		['en', 'en', 'same'],
		['de', 'de', 'same'],
		['de', 'en', 'en'],
		['auto', 'en', 'en'],
		['en', 'de', 'same, marian from en'],
		['fr', 'it', 'same, many from fr'],
		['fr', 'de', 'en, marian from en'],
		['auto', 'zh', 'en, many from en'],
	])('takes what is heard of %s, for %s, from %s', (source, target, expected) => {
		expect(route(source, target)).toBe(expected);
	});

	it('knows no way through English without a model that writes it', () => {
		const captions = {...SPEECH, targets: ['same']};
		expect(route('fr', 'it', captions)).toBe('same, many from fr');
		expect(() => route('fr', 'de', captions)).toThrow('No model here translates French into German');
		expect(() => route('auto', 'de', captions)).toThrow(
			'No model here translates from any language into German',
		);
	});

	it('names what is possible', () => {
		expect(() => route('en', 'ja')).toThrow(
			expect.objectContaining({
				code: 'LANGUAGE_PAIR_UNSUPPORTED',
				hint: 'Possible are same, en, de, it, zh.',
			}),
		);
	});
});

describe('listTargets()', () => {
	it('has what speech models write, and what their English is translated into', () => {
		expect(listTargets(SPEECH, [marian, many])).toEqual(['same', 'en', 'de', 'it', 'zh']);
	});

	it('has translations of captions where there is no English', () => {
		const german = {...SPEECH, sourceLanguages: ['de'], targets: ['same']};
		expect(listTargets(german, [marian, many])).toEqual(['same', 'it']);
	});
});
