import {expect, it} from 'vitest';

import {settleGlossary} from '../../../../../src/core/translation/text/settle-glossary.js';
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

it.each([
	['an empty term', {source: ' ', target: 'a'}, 'Term 2 of the glossary is empty'],
	['an empty translation', {source: 'a', target: ''}, 'Term 2 of the glossary is empty'],
	['a long term', {source: 'a'.repeat(201), target: 'a'}, 'Term 2 of the glossary has 201 characters'],
	['a line break', {source: 'a\nb', target: 'a'}, 'Term 2 of the glossary has a control character'],
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
