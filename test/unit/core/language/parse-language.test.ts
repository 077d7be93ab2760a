import {describe, expect, it} from 'vitest';

import {InfinisstError} from '../../../../src/core/errors.js';
import {LANGUAGES} from '../../../../src/core/language/language-table.js';
import {parseLanguage} from '../../../../src/core/language/parse-language.js';
import {catchError} from '../../../helpers/catch-error.js';

describe('parseLanguage', () => {
	it.each([
		['de', 'de'],
		['DE', 'de'],
		[' German ', 'de'],
		['deutsch', 'de'],
		['deu', 'de'],
		['ger', 'de'],
		['zh-CN', 'zh'],
		['zh-Hant-TW', 'zh'],
		['pt_BR', 'pt'],
		['cmn', 'zh'],
		['中文', 'zh'],
		['Mandarin', 'zh'],
		['francais', 'fr'],
		['Français', 'fr'],
		['espanol', 'es'],
		['jv', 'jw'],
		['Burmese', 'my'],
		['Myanmar', 'my'],
		['Flemish', 'nl'],
		['iw', 'he'],
		['nb', 'no'],
		['fil', 'tl'],
		['haw', 'haw'],
	])('reads %j as %s', (text, code) => {
		expect(parseLanguage(text).code).toBe(code);
	});

	it('reads every name of the table as its own language', () => {
		for (const {code, name, nativeName, otherNames = []} of LANGUAGES) {
			for (const text of [code, name, nativeName, ...otherNames]) {
				expect([text, parseLanguage(text).code]).toEqual([text, code]);
			}
		}
	});

	it('names the closest languages when it knows none of that name', () => {
		const error = catchError(() => parseLanguage('Germn'));
		expect(InfinisstError.is(error, 'OPTION_INVALID')).toBe(true);
		expect(error).toMatchObject({
			message: '"Germn" is not a language known here',
			hint: 'The closest: German (de).',
		});
	});

	it.each(['', 'xx', 'Klingonese', 'de-', '123', '../../etc'])('refuses %j with advice', text => {
		const error = catchError(() => parseLanguage(text));
		expect(error).toMatchObject({code: 'OPTION_INVALID', hint: expect.stringMatching(/\.$/) as string});
	});
});
