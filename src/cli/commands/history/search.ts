import {z} from 'zod';

import type {CommandContext} from '../../command-context.js';
import {parseOptions, wholeNumber} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {formatFlag, formatRows} from './format-rows.js';
import {chooseSession, openHistory, sessionFlags} from './open-history.js';

const schema = z.object({...sessionFlags, ...formatFlag, limit: wholeNumber(1, 10_000).default(20)});

export async function runHistorySearch(
	words: readonly string[],
	flags: unknown,
	context: Pick<CommandContext, 'stdout' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const {db, format, limit, ...choice} = parseOptions(schema, flags);
	const store = await openHistory(db, context);
	try {
		const isOneSession = choice.session !== undefined || choice.cluster !== undefined;
		const only = isOneSession ? {sessionId: chooseSession(store, choice).session.id} : {};
		const names = new Map(store.sessions().map(session => [session.id, session.name]));
		const rows = store.search(words.join(' '), {limit, ...only}).map(hit => ({
			kind: hit.kind,
			session: names.get(hit.sessionId),
			where: hit.where,
			text: hit.text,
		}));
		const width = context.stdout.isTTY === true ? context.stdout.columns : undefined;
		const text = formatRows(['kind', 'session', 'where', 'text'], rows, {format, isUtc: true, width});
		await writeText(context.stdout, text, context.signal);
	} finally {
		store.close();
	}
}
