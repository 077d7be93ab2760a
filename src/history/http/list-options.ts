import {BadRequestError, readBoolean, readInteger, UnhandledRequestError} from './request.js';

export interface ListFilter {
	readonly column: string;
	/** The column as it was written: only in its very words the head's source looks for it. @default column */
	readonly key?: string;
	readonly isNegated: boolean;
	readonly value: string;
}

/** What a list of the state API is asked for. */
export interface ListOptions {
	readonly limit: number;
	readonly isDetailed: boolean;
	readonly excludesDrivers: boolean;
	readonly filters: readonly ListFilter[];
}

/** As on the head, where RAY_MAX_LIMIT_FROM_API_SERVER would raise it. */
export const MAX_LIMIT = 10_000;
const DEFAULT_LIMIT = 100;

/** @throws {BadRequestError} in the head's words; {UnhandledRequestError} for filters without a value. */
export function readListOptions(query: URLSearchParams): ListOptions {
	const limit = readInteger(query.get('limit') ?? String(DEFAULT_LIMIT));
	if (limit > MAX_LIMIT) {
		throw new BadRequestError(
			`Given limit ${limit} exceeds the supported limit ${MAX_LIMIT}. Use a lower limit, or set the \`RAY_MAX_LIMIT_FROM_API_SERVER\` environment variable to a larger value.`,
		);
	}

	if (limit < 0)
		throw new BadRequestError(
			'Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.',
		);
	readInteger(query.get('timeout') ?? '30');
	return {
		limit,
		filters: readFilters(query),
		isDetailed: readBoolean(query.get('detail') ?? 'false'),
		excludesDrivers: readBoolean(query.get('exclude_driver') ?? 'true'),
	};
}

export function readFilters(query: URLSearchParams): readonly ListFilter[] {
	const keys = query.getAll('filter_keys');
	const predicates = query.getAll('filter_predicates');
	const values = query.getAll('filter_values');
	if (keys.length !== values.length) throw new UnhandledRequestError('filters without a value');
	return keys.slice(0, predicates.length).map((key, index) => {
		const predicate = predicates[index]!;
		if (predicate !== '=' && predicate !== '!=')
			throw new BadRequestError(describePredicate(predicate, query));
		return {column: key.toLowerCase(), key, isNegated: predicate === '!=', value: values[index]!};
	});
}

/** The head's own words are those of the library it validates with, version and all. */
function describePredicate(predicate: string, query: URLSearchParams): string {
	const excludesDrivers = readBoolean(query.get('exclude_driver') ?? 'true') ? 'True' : 'False';
	return [
		'1 validation error for ListApiOptions',
		`  Value error, Unsupported filter predicate ${predicate} is given. Available predicates: =, !=. [type=value_error, input_value=ArgsKwargs((), {'limit': ...'exclude_driver': ${excludesDrivers}}), input_type=ArgsKwargs]`,
		'    For further information visit https://errors.pydantic.dev/2.14/v/value_error',
	].join('\n');
}

export function keyOf({key, column}: ListFilter): string {
	return key ?? column;
}

/**
 * Refuses what cannot be an id, in the words of Python's and of Ray's own check.
 *
 * @param bytes - how long an id is, by its column.
 * @throws {BadRequestError}
 */
export function assertIds(filters: readonly ListFilter[], bytes: Readonly<Record<string, number>>): void {
	for (const filter of filters) {
		const {value} = filter;
		const key = keyOf(filter);
		const wanted = Object.hasOwn(bytes, key) ? bytes[key] : undefined;
		if (wanted === undefined) continue;
		if (value.length % 2 === 1) throw new BadRequestError('Odd-length string');
		if (!/^[\da-f]*$/i.test(value)) throw new BadRequestError('Non-hexadecimal digit found');
		if (value.length !== wanted * 2) {
			throw new BadRequestError(`ID string needs to have length ${wanted}, got ${value.length / 2}`);
		}
	}
}

/**
 * Refuses a state that there is not.
 *
 * @param what - for example "actor".
 * @throws {BadRequestError}
 */
export function assertState(filters: readonly ListFilter[], what: string, states: readonly string[]): void {
	for (const filter of filters) {
		const {isNegated, value} = filter;
		if (keyOf(filter) === 'state' && !isNegated && !states.includes(value.toUpperCase())) {
			throw new BadRequestError(`Invalid ${what} state for filtering: ${value.toUpperCase()}`);
		}
	}
}

/** @throws {BadRequestError} naming the columns there are. */
export function assertColumn(column: string, columns: readonly string[]): void {
	if (columns.includes(column)) return;
	throw new BadRequestError(
		`The given filter column ${column} is not supported. Enter filters with –-filter key=value or –-filter key!=value Supported filter columns: {${columns.map(name => `'${name}'`).join(', ')}}`,
	);
}
