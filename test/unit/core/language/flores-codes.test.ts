import {describe, expect, it} from 'vitest';
import {FLORES_CODES, scriptsOf} from '../../../../src/core/language/flores-codes.js';
import {LANGUAGES} from '../../../../src/core/language/language-table.js';

describe('codes of FLORES', () => {
	it('name every language of the table but three, and no other', () => {
		const missing = LANGUAGES.filter(({code}) => !(code in FLORES_CODES)).map(({code}) => code);
		expect(missing.sort()).toEqual(['br', 'haw', 'la']);
		const known = new Set(LANGUAGES.map(({code}) => code));
		expect(Object.keys(FLORES_CODES).filter(code => !known.has(code))).toEqual([]);
	});

	it('name each language once', () => {
		const codes = Object.values(FLORES_CODES);
		expect(new Set(codes).size).toBe(codes.length);
		for (const code of codes) expect(code).toMatch(/^[a-z]{3}_[A-Z][a-z]{3}$/);
	});

	it('tell scripts that Unicode knows, whose letters the names of languages are written in', () => {
		for (const {code, nativeName} of LANGUAGES) {
			const letters = new RegExp(
				`[${scriptsOf(code)
					.map(script => `\\p{Script=${script}}`)
					.join('')}]`,
				'u',
			);
			expect(nativeName, code).toMatch(letters);
		}
		expect(scriptsOf('ja')).toEqual(['Hani', 'Hira', 'Kana', 'Latn']);
		expect(scriptsOf('de')).toEqual(['Latn']);
	});
});
