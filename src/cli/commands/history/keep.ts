import {z} from 'zod';

import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {chooseSession, historyFlags, openHistory} from './open-history.js';

const schema = z.object({
	...historyFlags,
	cluster: z.string().optional(),
	undo: z.boolean().default(false),
});

/** Marks a session, named by a part of its name, so that no rule deletes it; or takes the mark off. */
export async function runHistoryKeep(
	name: string,
	flags: unknown,
	context: Pick<CommandContext, 'stdout' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const {db, cluster, undo} = parseOptions(schema, flags);
	const store = await openHistory(db, context);
	try {
		const {session} = chooseSession(store, {cluster, session: name});
		store.keepSession(session.id, !undo);
		const text = `${session.name} ${undo ? 'may be deleted again' : 'is kept'}\n`;
		await writeText(context.stdout, text, context.signal);
	} finally {
		store.close();
	}
}
