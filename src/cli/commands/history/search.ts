import {z} from 'zod';

import type {CommandContext} from '../../command-context.js';
import {parseOptions, wholeNumber} from '../../parse-options.js';
import {formatFlag, writeRows} from './format-rows.js';
import {chooseSession, openHistory, sessionFlags} from './open-history.js';
import {parseMoment} from './parse-moment.js';
import {assertColumns, chooseRows, parseFilter} from './row-filters.js';

const COLUMNS = ['kind', 'cluster', 'session', 'startMs', 'where', 'text'] as const;

const schema = z.object({
	...sessionFlags,
	...formatFlag,
	filter: z.array(z.string()).default([]),
	since: z.string().optional(),
	limit: wholeNumber(1, 10_000).default(20),
	utc: z.boolean().default(false),
});

/** Hits that are looked through for those that pass the filters. */
const MAX_HITS = 10_000;

export async function runHistorySearch(
	words: readonly string[],
	flags: unknown,
	context: Pick<CommandContext, 'stdout' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const {db, format, limit, since, utc, filter, ...choice} = parseOptions(schema, flags);
	const sinceMs = since === undefined ? undefined : parseMoment('since', since, Date.now());
	const filters = filter.map(parseFilter);
	assertColumns(filters, COLUMNS);
	const store = await openHistory(db, context);
	try {
		const isOneSession = choice.session !== undefined || choice.cluster !== undefined;
		const only = isOneSession ? {sessionId: chooseSession(store, choice).session.id} : {};
		const sessions = new Map(store.sessions().map(session => [session.id, session]));
		const isChosen = filters.length > 0 || sinceMs !== undefined;
		const hits = store.search(words.join(' '), {limit: isChosen ? MAX_HITS : limit, ...only});
		const rows = hits.map(hit => {
			const session = sessions.get(hit.sessionId);
			return {
				kind: hit.kind,
				cluster: session?.cluster.name,
				session: session?.name,
				startMs: session?.firstMs,
				where: hit.where,
				text: hit.text,
			};
		});
		await writeRows(COLUMNS, chooseRows(rows, {filters, sinceMs, limit}), {format, isUtc: utc}, context);
	} finally {
		store.close();
	}
}
