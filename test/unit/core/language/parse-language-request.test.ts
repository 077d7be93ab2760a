import {describe, expect, it} from 'vitest';

import {parseLanguageRequest} from '../../../../src/core/language/parse-language-request.js';
import {catchError} from '../../../helpers/catch-error.js';

describe('parseLanguageRequest', () => {
	it.each([
		[{}, 'auto', 'en'],
		[{from: 'auto'}, 'auto', 'en'],
		[{from: 'de'}, 'de', 'en'],
		[{from: 'German', to: 'same'}, 'de', 'same'],
		[{to: 'Deutsch'}, 'auto', 'de'],
		[{from: 'German -> English'}, 'de', 'en'],
		[{to: 'German->English'}, 'de', 'en'],
		[{from: 'de → en'}, 'de', 'en'],
		[{from: 'de => same'}, 'de', 'same'],
		[{from: 'German to English'}, 'de', 'en'],
		[{from: 'auto -> en'}, 'auto', 'en'],
		[{from: 'de-en'}, 'de', 'en'],
		[{from: 'zh-en'}, 'zh', 'en'],
		[{from: 'pt-BR'}, 'pt', 'en'],
		[{from: 'de-de'}, 'de', 'en'],
		[{from: 'zh-CN -> en-US'}, 'zh', 'en'],
		[{from: 'German', to: 'German -> English'}, 'de', 'en'],
		[{from: 'German -> English', to: 'en'}, 'de', 'en'],
	])('reads %j as %s -> %s', (texts, source, target) => {
		expect(parseLanguageRequest(texts)).toEqual({source, target});
	});

	it.each([
		[{from: 'same'}, '"same" is no language that can be spoken'],
		[{to: 'auto'}, '"auto" is no language to translate into'],
		[{from: 'de -> auto'}, '"auto" is no language to translate into'],
		[{from: 'German -> English', to: 'fr'}, 'The languages contradict each other: en and fr'],
		[{from: 'fr', to: 'German -> English'}, 'The languages contradict each other: fr and de'],
		[{from: 'de -> en -> fr'}, '"de -> en -> fr" names more than two languages'],
		[{from: 'Germn -> English'}, '"Germn" is not a language known here'],
		[{from: 'German ->'}, '"" is not a language known here'],
	])('refuses %j', (texts, message) => {
		expect(catchError(() => parseLanguageRequest(texts))).toMatchObject({code: 'OPTION_INVALID', message});
	});

	it('refuses a text that is both a pair and a locale, with both ways to write it', () => {
		expect(catchError(() => parseLanguageRequest({from: 'en-de'}))).toMatchObject({
			code: 'OPTION_INVALID',
			hint: 'Write "en -> de" or "en-DE".',
		});
	});
});
