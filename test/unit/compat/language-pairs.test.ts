import {describe, expect, it} from 'vitest';

import {choosePair, findOfferedPairs, USUAL_PAIR} from '../../../src/compat/language-pairs.js';

describe('findOfferedPairs', () => {
	it.each([
		['objects in a list', {pairs: [{language_pair: 'English -> German', status: 'loaded', model: 'a'}]}],
		['objects by pair', {languages: {'English -> German': {state: 'loaded'}}}],
		['states by pair', {'English -> German': 'loaded'}],
		['an arrow of its own', {pairs: [{name: 'English → German', state: 'loaded'}]}],
	])('reads %s', (_title, body) => {
		const [pair, ...more] = findOfferedPairs(body);
		expect(pair).toMatchObject({source: 'english', target: 'german', state: 'loaded'});
		expect(more).toEqual([]);
	});

	it.each([
		['no JSON', undefined],
		['no state', {pairs: [{language_pair: 'English -> German'}]}],
		['an unknown state', {pairs: [{language_pair: 'English -> German', status: 'ready'}]}],
		['no pair', {pairs: [{language_pair: 'English', status: 'loaded'}]}],
	])('finds nothing in %s', (_title, body) => {
		expect(findOfferedPairs(body)).toEqual([]);
	});
});

describe('choosePair', () => {
	const pair = (name: string, state: 'loaded' | 'available' | 'needs_download' = 'loaded') =>
		findOfferedPairs({[name]: state})[0]!;

	it.each([
		['what the existing clients ask for, if nothing is listed', [], USUAL_PAIR],
		[
			'a translation from English before captions',
			[pair('English -> English'), pair('English -> German')],
			'English -> German',
		],
		[
			'Spanish, which there is a recording of, before others',
			[pair('French -> English'), pair('Spanish -> English'), pair('English -> English')],
			'Spanish -> English',
		],
		[
			'what is loaded before what is only installed',
			[pair('English -> German', 'available'), pair('French -> English')],
			'French -> English',
		],
		['nothing that would have to be downloaded', [pair('English -> German', 'needs_download')], USUAL_PAIR],
	])('takes %s', (_title, offered, expected) => {
		expect(choosePair(offered)).toBe(expected);
	});
});
