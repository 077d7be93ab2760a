import {z} from 'zod';

import {compareSessions, type Comparison} from '../../../history/compare-sessions.js';
import type {HistoryStore} from '../../../history/store/history-store.js';
import type {SessionReader} from '../../../history/store/session-reader.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions, wholeNumber} from '../../parse-options.js';
import {formatFlag, writeRows, type Row} from './format-rows.js';
import {chooseSession, historyFlags, openHistory} from './open-history.js';
import {assertColumns, chooseRows, parseFilter} from './row-filters.js';

const COLUMNS = ['kind', 'name', 'measure', 'a', 'b', 'change'] as const;

const schema = z.object({
	...historyFlags,
	...formatFlag,
	cluster: z.string().optional(),
	filter: z.array(z.string()).default([]),
	limit: wholeNumber(1, 100_000_000).default(1000),
	all: z.boolean().default(false),
});

/** Prints what differs between two sessions; each is named by a part of its name, or `cluster/part`. */
export async function runHistoryDiff(
	names: readonly [string, string],
	flags: unknown,
	context: Pick<CommandContext, 'stdout' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const {db, format, cluster, filter, limit, all} = parseOptions(schema, flags);
	const filters = filter.map(parseFilter);
	assertColumns(filters, COLUMNS);
	const store = await openHistory(db, context);
	try {
		const [a, b] = names.map(name => findSession(store, name, cluster)) as [SessionReader, SessionReader];
		const rows = compareSessions(a, b)
			.filter(row => all || row.a !== row.b)
			.map(toRow);
		await writeRows(COLUMNS, chooseRows(rows, {filters, limit}), {format, isUtc: true}, context);
	} finally {
		store.close();
	}
}

function findSession(store: HistoryStore, name: string, cluster: string | undefined): SessionReader {
	const at = name.indexOf('/');
	return chooseSession(
		store,
		at < 0 ? {cluster, session: name} : {cluster: name.slice(0, at), session: name.slice(at + 1)},
	);
}

function toRow({kind, name, measure, a, b}: Comparison): Row {
	const isNumber = typeof (a ?? b) === 'number';
	const change = isNumber ? Math.round((Number(b ?? 0) - Number(a ?? 0)) * 10) / 10 : null;
	return {kind, name, measure, a, b, change};
}
