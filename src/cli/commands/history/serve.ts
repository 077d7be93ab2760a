import {resolve} from 'node:path';
import {z} from 'zod';

import {openDashboardFiles} from '../../../history/http/dashboard-files.js';
import {createHistoryListener} from '../../../history/http/history-listener.js';
import {listen} from '../../../history/http/listen.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions, wholeNumber} from '../../parse-options.js';
import {untilStopped} from './collect.js';
import {historyFlags, openHistory} from './open-history.js';

const schema = z.object({
	...historyFlags,
	host: z.string(),
	port: wholeNumber(0, 65_535),
	dashboardDir: z.string().optional(),
});

/** Answers until the signal fires; then ends in order, which is no fault. */
export async function runHistoryServe(
	flags: unknown,
	context: Pick<CommandContext, 'stderr' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const {db, dashboardDir, ...address} = parseOptions(schema, flags);
	const dashboard =
		dashboardDir === undefined ? {} : {dashboard: openDashboardFiles(resolve(context.cwd, dashboardDir))};
	const store = await openHistory(db, context);
	try {
		const server = await listen(createHistoryListener({store, ...dashboard}), address);
		context.stderr.write(`infinisst: the history is at ${server.url}\n`);
		await untilStopped(context.signal);
		await server.close();
	} finally {
		store.close();
	}
}
