import {describe, expect, it} from 'vitest';

import {formatRecords} from '../../../../../src/cli/commands/history/write-records.js';

const asTable = {format: 'table', isUtc: true} as const;

describe('everything of one thing', () => {
	it('is a line a member, without those that are not set, with those of members below their name', () => {
		const record = {
			id: '04000000',
			note: null,
			runtimeEnv: {},
			startMs: 1795409324043,
			endTime: 0,
			count: 0,
			tasks: {FAILED: 1, FINISHED: 3},
			hosts: ['a', 'b'],
		};
		expect(formatRecords([record], asTable)).toBe(
			[
				'id              04000000',
				'start           2026-11-23 04:48:44',
				'count           0',
				'tasks.FAILED    1',
				'tasks.FINISHED  3',
				'hosts           a, b',
				'',
			].join('\n'),
		);
	});

	it('keeps the lines of a message, breaks long ones between words, and cuts nothing', () => {
		const message = 'Traceback:\n\tFile "a.py"\nValueError: one two three four five six seven';
		expect(formatRecords([{status: 'FAILED', message}], {...asTable, width: 36})).toBe(
			[
				'status   FAILED',
				'message  Traceback:',
				'             File "a.py"',
				'         ValueError: one two three',
				'         four five six seven',
				'',
			].join('\n'),
		);
		const path = 'x'.repeat(100);
		const lines = formatRecords([{path}], {...asTable, width: 40})
			.trimEnd()
			.split('\n');
		expect(lines.every(line => line.length <= 40)).toBe(true);
		expect(lines.join('').replaceAll(/path|\s/g, '')).toBe(path);
	});

	it('sends nothing to a terminal that would move its cursor', () => {
		const text = formatRecords([{'na\u001B[1mme': 'a\u001B[2Jb\u0007c\rd'}], asTable);
		// eslint-disable-next-line no-control-regex -- control characters are what is looked for
		expect(text.trimEnd()).not.toMatch(/[\u0000-\u001F\u007F-\u009F]/);
	});

	it('is kept apart from the next by an empty line, and has a column a member in CSV', () => {
		expect(formatRecords([{a: 1}, {a: 2}], asTable)).toBe('a  1\n\na  2\n');
		expect(formatRecords([{a: 1}, {b: 'x'}], {...asTable, format: 'csv'})).toBe('a,b\r\n1,\r\n,x\r\n');
		expect(JSON.parse(formatRecords([{a: 1}], {...asTable, format: 'json'}))).toEqual([{a: 1}]);
	});

	it('has names in bold only where colours are asked for', () => {
		expect(formatRecords([{a: 1}], {...asTable, hasColor: true})).toBe('\u001B[1ma\u001B[22m  1\n');
	});
});
