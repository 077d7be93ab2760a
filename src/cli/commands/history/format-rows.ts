import {styleText} from 'node:util';

import stringWidth from 'string-width';
import type {z} from 'zod';

import type {CommandContext} from '../../command-context.js';
import {oneOf} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {fitColumns, GAP, type MeasuredColumn} from './fit-columns.js';
import {formatCell, toText} from './format-cell.js';
import {wrapText} from './wrap-text.js';

export const formatFlag = {format: oneOf(['table', 'json', 'ndjson', 'csv']).default('table')};

export type Format = z.output<(typeof formatFlag)['format']>;

export type Row = Readonly<Record<string, unknown>>;

export interface RowOptions {
	readonly format: Format;
	/** Times of a table in UTC; those of the other formats always are. */
	readonly isUtc: boolean;
	/** Columns of the terminal; cells are cut so that a row fits. Undefined where it is none. */
	readonly width?: number | undefined;
	/** States of a table in colour. @default false */
	readonly hasColor?: boolean;
	/** Moments of a table to the millisecond. @default false */
	readonly hasMilliseconds?: boolean;
	/** Columns that a narrow terminal can do without, the first to go first. */
	readonly dispensable?: readonly string[] | undefined;
}

/** Longer text is written in between. */
const FLUSH_CHARACTERS = 64 * 1024;

/** Columns are not cut below this, */
const MIN_CELL = 8;

/** nor below this while there is one to be left out instead. */
const MIN_EASY_CELL = 24;

/** Writes rows as they come; a table's are held, because its columns are as wide as their widest cell. */
export async function writeRows(
	columns: readonly string[],
	rows: Iterable<Row>,
	options: Omit<RowOptions, 'width' | 'hasColor'>,
	{stdout, signal, env}: Pick<CommandContext, 'stdout' | 'signal' | 'env'>,
): Promise<void> {
	const isTerminal = stdout.isTTY === true;
	const pieces = formatRows(columns, rows, {
		...options,
		width: isTerminal ? stdout.columns : undefined,
		hasColor: isTerminal && !env['NO_COLOR'],
	});
	let text = '';
	for (const piece of pieces) {
		text += piece;
		if (text.length < FLUSH_CHARACTERS) continue;
		await writeText(stdout, text, signal);
		text = '';
	}

	await writeText(stdout, text, signal);
}

/**
 * Rows as text, in pieces. Members whose name ends in "Ms" are moments; a table shows them as dates.
 *
 * @param columns - in their order; an empty list still has a head.
 */
export function* formatRows(
	columns: readonly string[],
	rows: Iterable<Row>,
	options: RowOptions,
): Generator<string, void, undefined> {
	switch (options.format) {
		case 'json':
			yield* formatJson(rows);
			return;
		case 'ndjson':
			for (const row of rows) yield `${JSON.stringify(row)}\n`;
			return;
		case 'csv':
			yield formatCsvLine(columns);
			for (const row of rows) yield formatCsvLine(columns.map(column => row[column]));
			return;
		case 'table':
			yield* formatTable(columns, rows, options);
	}
}

function* formatJson(rows: Iterable<Row>): Generator<string, void, undefined> {
	let isFirst = true;
	for (const row of rows) {
		const text = JSON.stringify(row, undefined, '\t').replaceAll('\n', '\n\t');
		yield `${isFirst ? '[\n' : ',\n'}\t${text}`;
		isFirst = false;
	}

	yield isFirst ? '[]\n' : '\n]\n';
}

/** RFC 4180. */
function formatCsvLine(values: readonly unknown[]): string {
	return `${values.map(formatCsvCell).join(',')}\r\n`;
}

function formatCsvCell(value: unknown): string {
	const text = toText(value);
	// A spreadsheet takes text that begins so for a formula, and names and messages come from anywhere.
	const cell = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
	return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function* formatTable(
	columns: readonly string[],
	rows: Iterable<Row>,
	{width, hasColor = false, dispensable = [], ...moments}: RowOptions,
): Generator<string, void, undefined> {
	const head = columns.map(formatHead);
	const lines = [...rows].map(row => columns.map(column => formatCell(column, row[column], moments)));
	const measured = columns.map((column, index) => {
		const cells = lines.map(cells => cells[index]!);
		const rank = dispensable.indexOf(column);
		return measureColumn(head[index]!, cells, rank < 0 ? 0 : dispensable.length - rank);
	});
	const widths = width === undefined ? measured.map(({natural}) => natural) : fitColumns(measured, width);
	const shared = columns.map((_column, index) => findSharedBeginning(lines.map(cells => cells[index]!)));
	for (const [row, cells] of [head, ...lines].entries()) {
		let line = '';
		for (const [index, cell] of cells.entries()) {
			if (widths[index] === 0) continue;
			const shown = cutCell(cell, widths[index]!, row === 0 ? 0 : shared[index]!);
			const padding = ' '.repeat(widths[index]! - stringWidth(shown));
			const style = row === 0 ? 'bold' : STYLES[cell];
			line +=
				(hasColor && style !== undefined ? styleText(style, shown, {validateStream: false}) : shown) +
				padding +
				GAP;
		}

		yield `${line.trimEnd()}\n`;
	}

	if (width !== undefined && lines.length === 0) yield 'None.\n';
	const left = head.filter((_title, index) => widths[index] === 0);
	if (left.length > 0) {
		const note = `No room for ${left.join(', ')}: a wider window shows them, or --format json.`;
		yield `${wrapText(note, width!).join('\n')}\n`;
	}
}

function measureColumn(title: string, cells: readonly string[], dispensability: number): MeasuredColumn {
	const widest = cells.reduce((most, cell) => Math.max(most, stringWidth(cell)), 0);
	const natural = Math.max(widest, title.length);
	// Numbers, dates and states are nothing without their end; of an id the beginning will do.
	const isWhole = cells.every(cell => /^[\d.:\s+-]*$/.test(cell) || STYLES[cell] !== undefined);
	const [least, easy] = [MIN_CELL, MIN_EASY_CELL].map(most => (isWhole ? natural : Math.min(natural, most)));
	return {natural, least: least!, easy: easy!, isEmpty: widest === 0, dispensability};
}

/** Of states. */
const STYLES: Readonly<Record<string, 'red' | 'yellow' | 'green'>> = {
	FAILED: 'red',
	DEAD: 'red',
	STOPPED: 'yellow',
	RUNNING: 'yellow',
	SUCCEEDED: 'green',
	FINISHED: 'green',
	ALIVE: 'green',
};

/** "createdMs" is "CREATED". */
function formatHead(column: string): string {
	return column
		.replace(/(?<!^duration)Ms$/, '')
		.replaceAll(/(?<=[a-z])[A-Z]/g, letter => ` ${letter}`)
		.toUpperCase();
}

/** Characters that begin every cell: what tells them apart comes after. */
function findSharedBeginning(cells: readonly string[]): number {
	const texts = [...new Set(cells)].filter(cell => cell !== '');
	const [first = '', ...others] = texts;
	if (others.length === 0) return 0;
	let length = first.length;
	for (const other of others) while (!other.startsWith(first.slice(0, length))) length -= 1;
	return length;
}

/** Shorter beginnings stay, as they cost less than the sign in their place confuses. */
const MIN_SHARED = 4;

/**
 * @param width - columns of a terminal: some letters take two.
 * @param shared - so many characters begin all cells of the column.
 */
function cutCell(cell: string, width: number, shared: number): string {
	if (stringWidth(cell) <= width) return cell;
	// Of a path the end says most.
	if (/^\S*\/\S*$/.test(cell) && shared === 0) return cutBeginning(cell, width);
	// Ids of tasks that make actors all begin so.
	const text = shared >= MIN_SHARED ? `…${cell.slice(shared)}` : cell.replace(/^f{16}(?=[\da-f]{8})/, '…');
	return stringWidth(text) <= width ? text : cutEnd(text, width);
}

function cutEnd(text: string, width: number): string {
	let shown = '';
	let used = 0;
	for (const {segment} of new Intl.Segmenter().segment(text)) {
		used += stringWidth(segment);
		if (used > width - 1) break;
		shown += segment;
	}

	return `${shown}…`;
}

function cutBeginning(text: string, width: number): string {
	let shown = '';
	let used = 0;
	for (const {segment} of [...new Intl.Segmenter().segment(text)].reverse()) {
		used += stringWidth(segment);
		if (used > width - 1) break;
		shown = segment + shown;
	}

	return `…${shown}`;
}

/** All members that any of them has, in the order of their appearance. */
export function columnsOf(rows: readonly Row[]): readonly string[] {
	return [...new Set(rows.flatMap(row => Object.keys(row)))];
}
