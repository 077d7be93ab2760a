import {expect, it} from 'vitest';

import {parseGlossary} from '../../../../../src/core/translation/text/parse-glossary.js';
import {glossaryOf, settleGlossary} from '../../../../../src/core/translation/text/settle-glossary.js';
import {catchError} from '../../../../helpers/catch-error.js';

it('trims terms, and keeps the last of those that come twice', () => {
	expect(
		settleGlossary(
			[
				{source: ' bank ', target: 'Bank'},
				{source: 'chair', target: ' Vorsitz'},
				{source: 'Bank', target: 'Ufer'},
			],
			'x',
		),
	).toEqual([
		{source: 'Bank', target: 'Ufer'},
		{source: 'chair', target: 'Vorsitz'},
	]);
});

it('keeps a term for each language that it is translated into', () => {
	const entries = [
		{source: 'bank', target: 'Bank', language: 'German'},
		{source: 'Bank', target: 'banca', language: 'it'},
		{source: 'bank', target: 'Ufer', language: 'de'},
		{source: 'bank', target: 'Bank', language: ''},
	];
	expect(settleGlossary(entries, 'x')).toEqual([
		{source: 'bank', target: 'Ufer', language: 'de'},
		{source: 'Bank', target: 'banca', language: 'it'},
		{source: 'bank', target: 'Bank'},
	]);
});

it('gives a target the terms of its language, and those of no language that it has none for', () => {
	const entries = [
		{source: 'NATO', target: 'NATO'},
		{source: 'bank', target: 'banque'},
		{source: 'Bank', target: 'Ufer', language: 'de'},
		{source: 'chair', target: 'presidenza', language: 'it'},
	];
	const targets = (language: string) => glossaryOf(language, entries).map(({target}) => target);
	expect(targets('de')).toEqual(['Ufer', 'NATO']);
	expect(targets('it')).toEqual(['presidenza', 'NATO', 'banque']);
	expect(targets('zh')).toEqual(['NATO', 'banque']);
});

it('reads the language of a term from a third column', () => {
	const text = 'bank\tUfer\tde\nbank\t银行\tChinese\nNATO\tNATO\n';
	expect(parseGlossary(text, 'terms.tsv')).toEqual([
		{source: 'bank', target: 'Ufer', language: 'de'},
		{source: 'bank', target: '银行', language: 'zh'},
		{source: 'NATO', target: 'NATO'},
	]);
	expect(catchError(() => parseGlossary('a\tb\nbank\tUfer\tGerrman\n', 'terms.tsv'))).toMatchObject({
		code: 'OPTION_INVALID',
		message: 'Line 2 of terms.tsv names no language that is known',
		hint: expect.stringContaining('German (de)') as string,
	});
	expect(catchError(() => parseGlossary('bank\tUfer\tde\tmore\n', 'terms.tsv'))).toMatchObject({
		message: 'Line 1 of terms.tsv is no term with its translation',
	});
});

it.each([
	['an empty term', {source: ' ', target: 'a'}, 'Term 2 of the glossary is empty'],
	['an empty translation', {source: 'a', target: ''}, 'Term 2 of the glossary is empty'],
	['a long term', {source: 'a'.repeat(201), target: 'a'}, 'Term 2 of the glossary has 201 characters'],
	['a line break', {source: 'a\nb', target: 'a'}, 'Term 2 of the glossary has a control character'],
	[
		'an unknown language',
		{source: 'a', target: 'a', language: 'xx'},
		'Term 2 of the glossary names no language that is known',
	],
])('refuses %s by its place, without repeating it', (_title, entry, message) => {
	const error = catchError(() => settleGlossary([{source: 'a', target: 'b'}, entry], 'the glossary'));
	expect(error).toMatchObject({code: 'OPTION_INVALID', message});
});

it('takes 10 000 terms, and no more', () => {
	const terms = (count: number) =>
		Array.from({length: count}, (_, index) => ({source: `s${index}`, target: 't'}));
	expect(settleGlossary(terms(10_000), 'it').length).toBe(10_000);
	expect(catchError(() => settleGlossary(terms(10_001), 'it'))).toMatchObject({
		message: 'it has more than 10000 terms',
	});
});
