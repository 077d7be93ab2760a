import {expect, it} from 'vitest';
import {describeLoad} from '../../../../src/server/models/describe-load.js';

const received = (file: string, receivedBytes: number, totalBytes: number | undefined) =>
	({type: 'file-progressed', model: 'base', file, receivedBytes, totalBytes}) as const;

it('counts the bytes of all files against the size that is expected', () => {
	const describe = describeLoad(1000);
	expect(describe(received('a', 50, 100))).toEqual({activity: 'Fetching base: 5 %', fraction: 0.05});
	expect(describe(received('b', 400, 900))).toEqual({activity: 'Fetching base: 45 %', fraction: 0.45});
	expect(describe(received('a', 100, 100))).toMatchObject({fraction: 0.5});
	expect(describe(received('b', 900, 900))).toEqual({activity: 'Fetching base: 100 %', fraction: 1});
});

it('never passes the whole, however little was expected, and begins anew with another source', () => {
	const describe = describeLoad(0);
	expect(describe(received('a', 30, undefined))).toMatchObject({fraction: 1});
	expect(describe(received('b', 10, 90))).toMatchObject({activity: 'Fetching base: 33 %'});
	const tried = describe({type: 'source-tried', model: 'base', source: 'Python wheels'});
	expect(tried).toEqual({activity: 'Fetching base from Python wheels', fraction: 0});
	expect(describe(received('c', 10, 100))).toMatchObject({fraction: 0.1});
});

it('tells what is built and waited for, and nothing of what is no news', () => {
	const describe = describeLoad(1000);
	expect(describe({type: 'graphs-progressed', model: 'base', precision: 'int8', fraction: 0.305})).toEqual({
		activity: 'Preparing base for int8: 30 %',
		fraction: undefined,
	});
	expect(describe({type: 'lock-awaited', model: 'base', holder: 'process 7'})?.activity).toContain(
		'process 7',
	);
	expect(describe({type: 'model-found', model: 'base', directory: '/'})).toBeUndefined();
});
