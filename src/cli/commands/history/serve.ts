import {resolve} from 'node:path';
import {z} from 'zod';

import {findInstalledDashboard} from '../../../history/dashboard/installed-dashboard.js';
import {openDashboardFiles} from '../../../history/http/dashboard-files.js';
import {createHistoryListener} from '../../../history/http/history-listener.js';
import {listen} from '../../../history/http/listen.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions, wholeNumber} from '../../parse-options.js';
import {untilStopped} from './collect.js';
import {resolveDashboardsDirectory} from './dashboard.js';
import {historyFlags, openHistory} from './open-history.js';

const schema = z.object({
	...historyFlags,
	host: z.string(),
	port: wholeNumber(0, 65_535),
	dashboardDir: z.string().optional(),
	dashboard: z.boolean().default(true),
});

/** The folder that was named, else what was installed. */
async function chooseDashboard(
	named: string | undefined,
	context: Pick<CommandContext, 'env' | 'cwd'>,
): Promise<string | undefined> {
	if (named !== undefined) return resolve(context.cwd, named);
	return (await findInstalledDashboard(resolveDashboardsDirectory(context)))?.directory;
}

/** Answers until the signal fires; then ends in order, which is no fault. */
export async function runHistoryServe(
	flags: unknown,
	context: Pick<CommandContext, 'stderr' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const {db, dashboardDir, dashboard: wantsDashboard, ...address} = parseOptions(schema, flags);
	const directory = wantsDashboard ? await chooseDashboard(dashboardDir, context) : undefined;
	const dashboard = directory === undefined ? {} : {dashboard: openDashboardFiles(directory)};
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
