import {createHash} from 'node:crypto';
import {describe, expect, it} from 'vitest';
import {findKey} from '../../../../src/server/auth/find-key.js';

const hash = (key: string): string => createHash('sha256').update(key).digest('hex');
const keys = [
	{id: 'first', sha256: hash('one')},
	{id: 'second', sha256: hash('two')},
];

describe('findKey()', () => {
	it.each([
		['the first key', ['one'], 'first'],
		['the last key', ['two'], 'second'],
		['one good key among bad ones', ['three', 'two'], 'second'],
		['a wrong key', ['onf'], undefined],
		['the hash itself', [hash('one')], undefined],
		['no key', [], undefined],
		['an empty key', [''], undefined],
	])('judges %s', (_title, presented, id) => {
		expect(findKey(keys, presented)?.id).toBe(id);
	});

	it('opens nothing with a hash that is none', () => {
		expect(findKey([{id: 'broken', sha256: 'zz'}], ['one'])).toBeUndefined();
	});
});
