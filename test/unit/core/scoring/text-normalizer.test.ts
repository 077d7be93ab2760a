import {describe, expect, it} from 'vitest';
import {normalizeText} from '../../../../src/core/scoring/text-normalizer.js';

describe('basic normalisation', () => {
	it.each([
		['Und so, my FELLOW Americans:', 'und so my fellow americans'],
		["l'équipage d’été", 'léquipage dété'],
		['lower-case “missal type,”', 'lower case missal type'],
		['ＡＢＣ　１２３', 'abc 123'],
		['完工，但直到 2017 年。', '完工 但直到 2017 年'],
		['हिन्दी में', 'हिन्दी में'],
		['  ...  ', ''],
	])('turns %j into %j', (text, expected) => {
		expect(normalizeText(text)).toBe(expected);
	});
});

describe('whisper-basic normalisation', () => {
	it.each([
		["Don't [laughter] stop (sighs) now!", 'don t stop now'],
		['<i>Straße</i>, 5 €', 'straße 5'],
	])('turns %j into %j', (text, expected) => {
		expect(normalizeText(text, 'whisper-basic')).toBe(expected);
	});
});

describe('english normalisation', () => {
	it.each([
		['Mr. Thornton', 'mister thornton'],
		["I'm sure you don't", 'i am sure you do not'],
		["They won't, we can't, he cannot", 'they will not we can not he can not'],
		['We’ve said, um, nothing', 'we have said nothing'],
		["the bow's colour", 'the bows colour'],
		['constructor', 'constructor'],
	])('turns %j into %j', (text, expected) => {
		expect(normalizeText(text, 'english')).toBe(expected);
	});
});
