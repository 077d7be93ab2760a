import {describe, expect, it} from 'vitest';

import {planLogMoves} from '../../../../src/history/collect/plan-log-moves.js';

type Files = Readonly<Record<string, string>>;

/** @param others - files on the disk that do not begin with what is stored, though their number is the same. */
async function plan(
	followed: Files,
	disk: Files,
	others: readonly string[] = [],
): Promise<readonly string[]> {
	const files = Object.entries(followed).map(([path, identity]) => ({path, identity}));
	const isSame = (_file: unknown, path: string) => Promise.resolve(!others.includes(path));
	const moves = await planLogMoves(files, new Map(Object.entries(disk)), isSame);
	return moves.map(({from, to}) => `${from} > ${to}`).sort();
}

describe('the names of followed files', () => {
	it.each<[string, Files, Files, readonly string[]]>([
		['stay when nothing happened', {a: '1', b: '2'}, {a: '1', b: '2'}, []],
		['stay when the file is gone', {a: '1'}, {}, []],
		['stay when a new file has come', {a: '1'}, {a: '1', b: '2'}, []],
		[
			'go with a rotation',
			{log: '1', 'log.1': '2'},
			{log: '3', 'log.1': '1', 'log.2': '2'},
			['log > log.1', 'log.1 > log.2'],
		],
		['are changed with each other', {a: '1', b: '2'}, {a: '2', b: '1'}, ['a > b', 'b > a']],
		['give way to a new file of the same name', {log: '1'}, {log: '2'}, ['log > log.1']],
		['give way to the next free number', {log: '1', 'log.1': '7'}, {log: '2', 'log.2': '3'}, ['log > log.3']],
		[
			'of the oldest, which a rotation deleted, give way',
			{log: '1', 'log.1': '2'},
			{log: '3', 'log.1': '1'},
			['log > log.1', 'log.1 > log.2'],
		],
		['stay when a file has two of them', {a: '1'}, {a: '1', b: '1'}, []],
		['stay when the other name of a file is followed', {a: '1', old: '1'}, {a: '1'}, []],
	])('%s', async (_title, followed, disk, expected) => {
		expect(await plan(followed, disk)).toEqual(expected);
	});

	it('are not given to another file with the number of a deleted one', async () => {
		expect(await plan({a: '1'}, {b: '1'}, ['b'])).toEqual([]);
		expect(await plan({a: '1'}, {a: '2', b: '1'}, ['b'])).toEqual(['a > a.1']);
	});
});
