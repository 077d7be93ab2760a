import {describe, expect, it} from 'vitest';

import {formatRows, type Row, type RowOptions} from '../../../../../src/cli/commands/history/format-rows.js';

function format(columns: readonly string[], rows: readonly Row[], options: Partial<RowOptions>): string {
	return [...formatRows(columns, rows, {format: 'table', isUtc: true, ...options})].join('');
}

describe('a table of rows', () => {
	it('shows moments as dates in UTC and leaves out what is not set', () => {
		const text = format(['name', 'startMs', 'endMs'], [{name: 'a', startMs: 1795409324043, endMs: 0}], {});
		expect(text).toBe('NAME  START                END\na     2026-11-23 04:48:44\n');
	});

	it('fits a terminal by cutting the widest columns to the same width', () => {
		const rows = [{id: 'a'.repeat(48), name: 'b'.repeat(30), n: 7}];
		const lines = format(['id', 'name', 'n'], rows, {width: 40}).trimEnd().split('\n');
		expect(lines[1]).toBe(`${'a'.repeat(16)}…  ${'b'.repeat(16)}…  7`);
		expect(lines.every(line => line.length <= 40)).toBe(true);
		expect(format(['id'], rows, {})).toContain('a'.repeat(48));
	});

	it('cuts no date, number or state, and leaves out columns where that is not enough', () => {
		const row = {
			actor: '4f52ea4060b2a9319d12275c02000000',
			name: 'the counter of words',
			state: 'ALIVE',
			pid: 123456,
			note: '',
			startMs: 1795409324043,
		};
		const columns = Object.keys(row);
		const options = {dispensable: ['pid', 'name']};
		const at = (width: number) => format(columns, [row], {...options, width}).split('\n');
		expect(at(200)[0]).toBe(
			'ACTOR                             NAME                  STATE  PID     NOTE  START',
		);
		expect(at(75)).toEqual([
			'ACTOR                      NAME                  STATE  START',
			'4f52ea4060b2a9319d12275c…  the counter of words  ALIVE  2026-11-23 04:48:44',
			'No room for PID, NOTE: a wider window shows them, or --format json.',
			'',
		]);
		expect(at(44).slice(0, 4)).toEqual([
			'ACTOR             STATE  START',
			'4f52ea4060b2a93…  ALIVE  2026-11-23 04:48:44',
			'No room for NAME, PID, NOTE: a wider window',
			'shows them, or --format json.',
		]);
		for (const width of [12, 20, 30, 44, 75, 80]) {
			expect(
				Math.max(
					...at(width)
						.slice(0, 2)
						.map(line => line.length),
				),
			).toBeLessThanOrEqual(width);
		}
	});

	it('shows of a path its end, and of what begins alike what differs', () => {
		const long = '/home/somebody/recordings/the-first-of-november.flac';
		expect(format(['name'], [{name: long}], {width: 27})).toBe('NAME\n…the-first-of-november.flac\n');
		const rows = ['a.flac', 'b.flac'].map(name => ({name: `/home/somebody/recordings/${name}`}));
		expect(format(['name'], rows, {width: 12})).toBe('NAME\n…a.flac\n…b.flac\n');
	});

	it('says on a terminal that there is nothing', () => {
		expect(format(['name'], [], {width: 80})).toBe('NAME\nNone.\n');
		expect(format(['name'], [], {})).toBe('NAME\n');
	});

	it('counts letters that take two columns as two, and cuts none of them in half', () => {
		const rows = [
			{name: '日本語の名前', state: 'x'},
			{name: 'abc', state: 'y'},
		];
		expect(format(['name', 'state'], rows, {})).toBe(
			'NAME          STATE\n日本語の名前  x\nabc           y\n',
		);
		expect(format(['name', 'state'], rows, {width: 16})).toBe(
			'NAME       STATE\n日本語の…  x\nabc        y\n',
		);
	});

	it('keeps apart ids that begin alike', () => {
		const ids = ['3d829d658f7a173779142a2406000000', '66a2606eaa6556c08b8737be03000000'];
		const rows = ids.map(id => ({task: `ffffffffffffffff${id}`}));
		expect(format(['task'], rows, {width: 12})).toBe('TASK\n…3d829d658f…\n…66a2606eaa…\n');
	});

	it('sends nothing to a terminal that would move its cursor', () => {
		const text = format(['name'], [{name: 'a\u001B[2Jb\u0007c\nd\u009B1me'}], {});
		// eslint-disable-next-line no-control-regex -- control characters are what is looked for
		expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001F\u007F-\u009F]/);
		expect(text).toContain('a b c d');
	});

	it('has colours only where they are asked for', () => {
		const rows = [{state: 'FAILED'}];
		expect(format(['state'], rows, {hasColor: true})).toContain('\u001B[31mFAILED\u001B[39m');
		expect(format(['state'], rows, {})).not.toContain('\u001B');
	});
});

describe('rows as CSV', () => {
	it('quotes what holds a comma, a quote or a line, as RFC 4180 says', () => {
		const rows = [{a: 'x,y', b: 'say "hi"', c: 'one\r\ntwo'}];
		expect(format(['a', 'b', 'c'], rows, {format: 'csv'})).toBe(
			'a,b,c\r\n"x,y","say ""hi""","one\r\ntwo"\r\n',
		);
	});

	it('lets no name be taken for a formula, and leaves numbers alone', () => {
		const rows = ['=HYPERLINK("http://x")', '+1', '-1', '@x', '\tx', -1].map(a => ({a}));
		expect(format(['a'], rows, {format: 'csv'}).split('\r\n')).toEqual([
			'a',
			`"'=HYPERLINK(""http://x"")"`,
			"'+1",
			"'-1",
			"'@x",
			"'\tx",
			'-1',
			'',
		]);
	});
});

describe('rows as JSON', () => {
	it('is one array, or one object a line, with nothing cut and moments as numbers', () => {
		const rows = [
			{a: 'x'.repeat(200), startMs: 5},
			{a: null, startMs: 0},
		];
		expect(JSON.parse(format(['a'], rows, {format: 'json', width: 20}))).toEqual(rows);
		expect(JSON.parse(format(['a'], [], {format: 'json'}))).toEqual([]);
		const lines = format(['a'], rows, {format: 'ndjson', width: 20}).trimEnd().split('\n');
		expect(lines.map(line => JSON.parse(line) as unknown)).toEqual(rows);
	});
});
