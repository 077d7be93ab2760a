import {answerResult, type WholeAnswer} from './answer.js';
import {assertColumn, keyOf, type ListFilter, type ListOptions} from './list-options.js';
import {BadRequestError, readBoolean, readComparedInteger, readInteger} from './request.js';

export interface StateColumn {
	readonly name: string;
	/** Only shown in detail. */
	readonly isDetail?: boolean;
	readonly isFilterable?: boolean;
	/** The head leaves it out where it has no value: then no filter fits, not even "is not". */
	readonly isOptional?: boolean;
	/** Filters of a column that is one of these are converted; those of one that may be null are not. */
	readonly type?: 'integer' | 'boolean';
}

export type StateRow = Readonly<Record<string, unknown>>;

export interface StateTotals {
	readonly total: number;
	readonly afterTruncation: number;
	/** What the head said of nodes that did not answer. @default '' */
	readonly failure?: unknown;
	/** @default null */
	readonly warnings?: unknown;
}

/**
 * A list of the state API: filtered, then cut to the columns and the limit.
 *
 * @param rows - in the order of the answer.
 */
export function answerStateList(
	rows: readonly StateRow[],
	columns: readonly StateColumn[],
	options: ListOptions,
	totals: StateTotals = {total: rows.length, afterTruncation: rows.length},
): WholeAnswer {
	const passed = filterRows(rows, columns, options.filters);
	const shown = columns.filter(({isDetail = false}) => options.isDetailed || !isDetail);
	const result = passed
		.slice(0, options.limit)
		.map(row => Object.fromEntries(shown.map(({name}) => [name, row[name] ?? null])));
	return answerResult('', {
		result: {
			total: totals.total,
			num_after_truncation: totals.afterTruncation,
			num_filtered: passed.length,
			result,
			partial_failure_warning: totals.failure === undefined ? '' : totals.failure,
			warnings: totals.warnings ?? null,
		},
	});
}

export function filterRows(
	rows: readonly StateRow[],
	columns: readonly StateColumn[],
	filters: readonly ListFilter[],
): readonly StateRow[] {
	if (filters.length === 0) return rows;
	const names = columns.filter(({isFilterable = false}) => isFilterable).map(({name}) => name);
	const tests = filters.map(filter => {
		const {isOptional = false} = columns.find(({name}) => name === filter.column) ?? {};
		const value = convertFilter(filter, columns.find(({name}) => name === keyOf(filter))?.type);
		return (row: StateRow) => {
			// Only where a row is looked at, as on the head: one that failed a test before is not.
			assertColumn(filter.column, names);
			const actual = row[filter.column] ?? null;
			return !(isOptional && actual === null) && matches(actual, value, filter.isNegated);
		};
	});
	return rows.filter(row => tests.every(test => test(row)));
}

/** @throws {BadRequestError} for text where the column is a number. */
export function convertFilter(
	{column, value}: ListFilter,
	type: StateColumn['type'],
): string | number | boolean {
	if (type === undefined) return value;
	const [kind, example] = type === 'integer' ? ['int', '[int]'] : ['boolean', ''];
	try {
		return type === 'integer' ? readInteger(value) : readBoolean(value);
	} catch {
		throw new BadRequestError(
			type === 'integer'
				? `Invalid filter \`--filter ${column} ${value}\` for a ${kind} type column. Please provide an integer filter \`--filter ${column} ${example}\``
				: `Invalid filter \`--filter ${column} ${value}\` for a boolean type column. Please provide \`--filter ${column} [True|true|1]\` for True or \`--filter ${column} [False|false|0]\` for False.`,
		);
	}
}

/** As the head compares: text without regard to case; text that is asked to equal a number is read as one. */
function matches(actual: unknown, wanted: string | number | boolean, isNegated: boolean): boolean {
	if (typeof wanted === 'string' && typeof actual === 'string') {
		return (actual.toLowerCase() === wanted.toLowerCase()) !== isNegated;
	}

	if (isNegated) return actual !== wanted;
	if (typeof wanted === 'string' && typeof actual === 'boolean') return actual === readBoolean(wanted);
	if (typeof wanted === 'string' && typeof actual === 'number') return actual === readComparedInteger(wanted);
	return actual === wanted;
}
