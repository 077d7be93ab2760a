import {columnsOf, type Row} from './format-rows.js';

/** What an answer of Ray's API comes to as a table: its list, or the one thing that it is about. */
export type FoundRows =
	| {readonly kind: 'list'; readonly rows: readonly Row[]; readonly columns: readonly string[]}
	| {readonly kind: 'record'; readonly record: Row};

/** Members that hold the list of an answer, with totals and the like beside it. */
const LIST_MEMBERS = ['result', 'node_id_to_summary', 'cluster', 'summary'];

/**
 * Looks for the list in an answer of any of Ray's forms: an array; `{result, msg, data}` around anything; a
 * list of the state API; things by their id or name, which become the first column.
 */
export function findRows(answer: unknown): FoundRows {
	if (!isRecord(answer)) return asList(Array.isArray(answer) ? answer : [answer]);
	if ('data' in answer && 'msg' in answer) return findRows(answer['data']);
	const member = LIST_MEMBERS.find(name => isHolder(answer[name]));
	if (member !== undefined) return findRows(answer[member]);
	if (isMap(answer)) return asList(toRows(answer));
	const values = Object.values(answer);
	return values.length === 1 && isHolder(values[0]) ? findRows(values[0]) : {kind: 'record', record: answer};
}

function asList(values: readonly unknown[]): FoundRows {
	const rows = values.map(value => (isRecord(value) ? value : {value}));
	return {kind: 'list', rows, columns: columnsOf(rows)};
}

/** Things, or lists of things, by their key. One alone is told from a member by its key, which is an id. */
function isMap(value: Row): boolean {
	const entries = Object.entries(value);
	if (entries.length === 1) return isRecord(entries[0]![1]) && /^[\da-f]{8,}$/.test(entries[0]![0]);
	const things = entries.flatMap(([, member]) => (Array.isArray(member) ? (member as unknown[]) : [member]));
	if (!things.every(isRecord)) return false;
	const [first, ...others] = things.map(thing => Object.keys(thing).sort().join(' '));
	return others.includes(first!);
}

/** The key becomes a member, unless one of them says the same. */
function toRows(value: Row): readonly Row[] {
	return Object.entries(value).flatMap(([key, member]) =>
		((Array.isArray(member) ? member : [member]) as Row[]).map(thing =>
			Object.values(thing).includes(key) ? thing : {key, ...thing},
		),
	);
}

function isHolder(value: unknown): boolean {
	return Array.isArray(value) || isRecord(value);
}

function isRecord(value: unknown): value is Row {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
