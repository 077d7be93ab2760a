import {describe, expect, it} from 'vitest';

import {LANGUAGES, findLanguage, unitOfLanguage} from '../../../../src/core/language/language-table.js';

describe('language table', () => {
	it('holds the 100 languages of Whisper, each code once', () => {
		expect(LANGUAGES).toHaveLength(100);
		expect(new Set(LANGUAGES.map(({code}) => code)).size).toBe(100);
	});

	it('keeps the order of the language tokens, which starts at English and ends at Cantonese', () => {
		expect(LANGUAGES.slice(0, 4).map(({code}) => code)).toEqual(['en', 'zh', 'de', 'es']);
		expect(LANGUAGES.at(-1)?.code).toBe('yue');
	});

	it('has no name that two languages share', () => {
		const owners = new Map<string, Set<string>>();
		for (const {code, name, nativeName, otherNames = []} of LANGUAGES) {
			for (const text of [code, name, nativeName, ...otherNames]) {
				const folded = text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
				owners.set(folded, (owners.get(folded) ?? new Set()).add(code));
			}
		}

		expect([...owners].filter(([, codes]) => codes.size > 1)).toEqual([]);
	});

	it('counts languages written without spaces in characters, the others in words', () => {
		const counted = LANGUAGES.filter(({code}) => unitOfLanguage(code) === 'character').map(({code}) => code);
		expect(counted.sort()).toEqual(['bo', 'ja', 'km', 'lo', 'my', 'th', 'yue', 'zh']);
		expect(unitOfLanguage('tlh')).toBe('word');
	});

	it('finds a language by its code only', () => {
		expect(findLanguage('de')?.name).toBe('German');
		expect(findLanguage('German')).toBeUndefined();
	});
});
