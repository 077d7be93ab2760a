import {InfinisstError} from '../../../core/errors.js';
import type {Row} from './format-rows.js';

export interface RowFilter {
	readonly column: string;
	readonly isNegated: boolean;
	readonly value: string;
}

/** "state=FAILED" or "name!=f". @throws {InfinisstError} `OPTION_INVALID`. */
export function parseFilter(text: string): RowFilter {
	const [, column, predicate, value] = /^(\w+)(!?=)(.*)$/s.exec(text) ?? [];
	if (column === undefined) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`--filter must be column=value or column!=value, not ${JSON.stringify(text)}`,
		);
	}

	return {column, isNegated: predicate === '!=', value: value!};
}

/** @throws {InfinisstError} `OPTION_INVALID` for a column that is not there, also where there are no rows. */
export function assertColumns(filters: readonly RowFilter[], columns: readonly string[]): void {
	const unknown = filters.find(({column}) => !columns.includes(column));
	if (unknown === undefined) return;
	throw new InfinisstError('OPTION_INVALID', `There is no column ${unknown.column} here`, {
		hint: `There are: ${columns.join(', ')}.`,
	});
}

export interface RowChoice {
	/** Of which all must hold; text is compared without regard to case. */
	readonly filters: readonly RowFilter[];
	/** Only what began at this moment or later, milliseconds since 1970. */
	readonly sinceMs?: number | undefined;
	readonly limit: number;
}

export function* chooseRows(
	rows: Iterable<Row>,
	{filters, sinceMs, limit}: RowChoice,
): Generator<Row, void, undefined> {
	let count = 0;
	for (const row of rows) {
		const startMs = row['startMs'] ?? row['firstMs'] ?? row['createdMs'];
		if (sinceMs !== undefined && (typeof startMs !== 'number' || startMs < sinceMs)) continue;
		if (!filters.every(filter => passes(row, filter))) continue;
		yield row;
		count += 1;
		if (count >= limit) return;
	}
}

function passes(row: Row, {column, isNegated, value}: RowFilter): boolean {
	const actual = row[column];
	const text = typeof actual === 'string' ? actual : JSON.stringify(actual ?? '');
	return (text.toLowerCase() === value.toLowerCase()) !== isNegated;
}
