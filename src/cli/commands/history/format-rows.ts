import {styleText} from 'node:util';

import stringWidth from 'string-width';
import type {z} from 'zod';

import type {CommandContext} from '../../command-context.js';
import {oneOf} from '../../parse-options.js';
import {writeText} from '../../write-text.js';

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
}

/** Longer text is written in between. */
const FLUSH_CHARACTERS = 64 * 1024;

/** Between two columns. */
const GAP = '  ';

/** No column is cut below this. */
const MIN_CELL = 6;

/** Writes rows as they come; a table's are held, because its columns are as wide as their widest cell. */
export async function writeRows(
	columns: readonly string[],
	rows: Iterable<Row>,
	options: Pick<RowOptions, 'format' | 'isUtc'>,
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
	{isUtc, width, hasColor = false}: RowOptions,
): Generator<string, void, undefined> {
	const head = columns.map(formatHead);
	const lines = [...rows].map(row => columns.map(column => formatCell(column, row[column], isUtc)));
	const natural = head.map((title, index) =>
		lines.reduce((most, cells) => Math.max(most, stringWidth(cells[index]!)), title.length),
	);
	const widths = width === undefined ? natural : fitWidths(natural, width);
	for (const [row, cells] of [head, ...lines].entries()) {
		let line = '';
		for (const [index, cell] of cells.entries()) {
			const shown = cutCell(cell, widths[index]!);
			const padding = ' '.repeat(widths[index]! - stringWidth(shown));
			const style = row === 0 ? 'bold' : STYLES[cell];
			line +=
				(hasColor && style !== undefined ? styleText(style, shown, {validateStream: false}) : shown) +
				padding +
				GAP;
		}

		yield `${line.trimEnd()}\n`;
	}
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
		.replace(/Ms$/, '')
		.replaceAll(/[A-Z]/g, letter => ` ${letter}`)
		.toUpperCase();
}

function formatCell(column: string, value: unknown, isUtc: boolean): string {
	if (column.endsWith('Ms') && typeof value === 'number')
		return value === 0 ? '' : formatMoment(value, isUtc);
	// What could move a terminal's cursor is not shown.
	// eslint-disable-next-line no-control-regex -- these are the control characters
	return toText(value).replaceAll(/\u001B\[[\d;]*[A-Za-z]|[\u0000-\u001F\u007F-\u009F\s]+/g, ' ');
}

/** Milliseconds since 1970 as date and time, in UTC or in the local zone. */
export function formatMoment(ms: number, isUtc: boolean): string {
	const date = new Date(isUtc ? ms : ms - new Date(ms).getTimezoneOffset() * 60_000);
	return date.toISOString().slice(0, 19).replace('T', ' ');
}

/** Cuts the widest columns first, all of them to the same width. */
function fitWidths(natural: readonly number[], width: number): readonly number[] {
	const room = width - GAP.length * (natural.length - 1);
	let most = Math.max(...natural);
	const total = () => natural.reduce((sum, cell) => sum + Math.min(cell, most), 0);
	while (most > MIN_CELL && total() > room) most -= 1;
	return natural.map(cell => Math.min(cell, most));
}

/** @param width - columns of a terminal: some letters take two. */
function cutCell(cell: string, width: number): string {
	if (stringWidth(cell) <= width) return cell;
	// Ids of tasks that make actors all begin so.
	const text = cell.replace(/^f{16}(?=[\da-f]{8})/, '…');
	let shown = '';
	let used = 0;
	for (const {segment} of new Intl.Segmenter().segment(text)) {
		const next = used + stringWidth(segment);
		if (next > width - 1) return `${shown}…`;
		shown += segment;
		used = next;
	}

	return shown;
}

function toText(value: unknown): string {
	if (value === null || value === undefined) return '';
	return typeof value === 'string' ? value : JSON.stringify(value);
}
