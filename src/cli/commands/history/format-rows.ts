import type {z} from 'zod';

import {oneOf} from '../../parse-options.js';
import {formatTable} from '../models/format-table.js';

export const formatFlag = {format: oneOf(['table', 'json', 'ndjson', 'csv']).default('table')};

export type Format = z.output<(typeof formatFlag)['format']>;

export type Row = Readonly<Record<string, unknown>>;

export interface RowOptions {
	readonly format: Format;
	/** Times of a table in UTC; those of the other formats always are. */
	readonly isUtc: boolean;
	/** Columns of the terminal; cells are cut so that a row fits. Undefined where it is none. */
	readonly width?: number | undefined;
}

/**
 * Rows as text. Members whose name ends in "Ms" are moments; a table shows them as dates.
 *
 * @param columns - in their order; an empty list still has a head.
 */
export function formatRows(columns: readonly string[], rows: readonly Row[], options: RowOptions): string {
	switch (options.format) {
		case 'json':
			return `${JSON.stringify(rows, undefined, '\t')}\n`;
		case 'ndjson':
			return rows.map(row => `${JSON.stringify(row)}\n`).join('');
		case 'csv':
			return [columns, ...rows.map(row => columns.map(column => toText(row[column])))]
				.map(cells => `${cells.map(quoteCell).join(',')}\r\n`)
				.join('');
		case 'table':
			return formatTable(
				columns.map(column =>
					column
						.replace(/Ms$/, '')
						.replaceAll(/[A-Z]/g, letter => ` ${letter}`)
						.toUpperCase(),
				),
				cutCells(
					rows.map(row => columns.map(column => formatCell(column, row[column], options.isUtc))),
					columns.length,
					options.width,
				),
			);
	}
}

function formatCell(column: string, value: unknown, isUtc: boolean): string {
	if (column.endsWith('Ms') && typeof value === 'number') return value === 0 ? '' : formatTime(value, isUtc);
	return toText(value).replaceAll(/\s+/g, ' ');
}

function formatTime(ms: number, isUtc: boolean): string {
	const date = new Date(isUtc ? ms : ms - new Date(ms).getTimezoneOffset() * 60_000);
	return date.toISOString().slice(0, 19).replace('T', ' ');
}

/** Cuts the widest cells first, never below what an id needs to be told apart. */
function cutCells(
	rows: readonly (readonly string[])[],
	columns: number,
	width: number | undefined,
): string[][] {
	if (width === undefined) return rows.map(cells => [...cells]);
	const most = Math.max(12, Math.floor((width - 2 * columns) / Math.max(1, columns)) * 2);
	return rows.map(cells => cells.map(cell => (cell.length > most ? `${cell.slice(0, most - 1)}…` : cell)));
}

function toText(value: unknown): string {
	if (value === null || value === undefined) return '';
	return typeof value === 'string' ? value : JSON.stringify(value);
}

function quoteCell(cell: string): string {
	return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
