import {resolve} from 'node:path';
import {z} from 'zod';

import {exportRows} from '../../../history/import/export-rows.js';
import {exportSession} from '../../../history/import/session-file.js';
import type {CommandContext} from '../../command-context.js';
import {oneOf, parseOptions} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {chooseSession, historyFlags, openHistory} from './open-history.js';

const schema = z.object({
	...historyFlags,
	cluster: z.string().optional(),
	format: oneOf(['db', 'ndjson']).default('db'),
});

/** @param session - a part of its name. */
export async function runHistoryExport(
	session: string,
	file: string,
	flags: unknown,
	{stdout, signal, env, cwd}: Pick<CommandContext, 'stdout' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const {db, cluster, format} = parseOptions(schema, flags);
	const store = await openHistory(db, {env, cwd});
	try {
		const reader = chooseSession(store, {cluster, session});
		const path = resolve(cwd, file);
		const write = format === 'db' ? exportSession : exportRows;
		const {cluster: name, name: sessionName, tasks} = await write(store, reader.session.id, path, {signal});
		await writeText(stdout, `${name} ${sessionName}: ${tasks} tasks in ${file}\n`, signal);
	} finally {
		store.close();
	}
}
