import {expect, it} from 'vitest';

import {MAX_GLOSSARY_CHARACTERS} from '../../../../src/server/sessions/glossary-budget.js';
import {parseClientMessage} from '../../../../src/server/stream/parse-client-message.js';
import {catchError} from '../../../helpers/catch-error.js';

const update = (fields: object): string => JSON.stringify({type: 'session.update', ...fields});
const terms = (count: number, length = 1) =>
	Array.from({length: count}, (_, index) => ({source: `s${index}`.padEnd(length, '-'), target: 't'}));

it('takes a latency, a glossary or both', () => {
	const glossary = [{source: 'bank', target: 'Ufer'}];
	expect(
		parseClientMessage(update({glossary: [{source: 'bank', target: 'Ufer', language: 'German'}]})),
	).toMatchObject({glossary: [{source: 'bank', target: 'Ufer', language: 'de'}]});
	expect(parseClientMessage(update({latency_multiplier: 1}))).toEqual({
		type: 'session.update',
		latency_multiplier: 1,
	});
	expect(
		parseClientMessage(update({glossary: [{source: ' bank', target: 'Ufer ', note: 'left out'}]})),
	).toEqual({type: 'session.update', glossary});
	expect(parseClientMessage(update({glossary: [], latency_multiplier: 4}))).toEqual({
		type: 'session.update',
		latency_multiplier: 4,
		glossary: [],
	});
});

it('takes a glossary of 10 000 terms', () => {
	const message = parseClientMessage(update({glossary: terms(10_000, 60)}));
	expect(message).toMatchObject({type: 'session.update', glossary: {length: 10_000}});
});

it.each([
	['nothing to update', update({}), 'latency_multiplier, glossary, or both'],
	[
		'more terms than there may be',
		update({glossary: terms(10_001)}),
		'is wrong: must have at most 10000 terms',
	],
	[
		'terms that are no objects',
		update({glossary: ['bank']}),
		'glossary.0 of a message "session.update" is wrong: must be an object with source and target',
	],
	[
		'terms without translation',
		update({glossary: [{source: 'bank'}]}),
		'glossary.0.target of a message "session.update" is wrong: must be a text',
	],
	[
		'a glossary that is no list',
		update({glossary: 'x'}),
		'glossary of a message "session.update" is wrong: must be a list',
	],
	[
		'tokens that are none',
		JSON.stringify({type: 'resume', token: 7, last_seq: 0}),
		'must be the resume_token of a session',
	],
	['numbers of no event', JSON.stringify({type: 'ack', seq: 0.5}), 'must be the seq of an event, or -1'],
	['empty terms', update({glossary: [{source: 'bank', target: ' '}]}), 'Term 1 of the glossary is empty'],
	[
		'a latency that there is not',
		update({latency_multiplier: 5, glossary: []}),
		'is wrong: must be one of 1, 2, 3, 4',
	],
	['long messages of other kinds', JSON.stringify({type: 'flush', glossary: terms(500)}), 'characters'],
	['endless messages', update({glossary: terms(5000, 300)}), 'characters'],
])('refuses %s', (_title, text, message) => {
	const error = catchError(() => parseClientMessage(text));
	expect(error).toMatchObject({code: 'OPTION_INVALID', message: expect.stringContaining(message) as string});
	expect(String(error)).not.toContain('bank');
	expect(MAX_GLOSSARY_CHARACTERS).toBe(2 ** 20);
});
