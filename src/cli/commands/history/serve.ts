import {resolve} from 'node:path';
import {z} from 'zod';

import {findInstalledDashboard} from '../../../history/dashboard/installed-dashboard.js';
import {openDashboardFiles} from '../../../history/http/dashboard-files.js';
import {createHistoryListener} from '../../../history/http/history-listener.js';
import {listen} from '../../../history/http/listen.js';
import {createUpgradeListener} from '../../../history/live/upgrade-listener.js';
import {runRetention} from '../../../history/upkeep/run-retention.js';
import type {CommandContext} from '../../command-context.js';
import {resolveDashboardsDirectory} from '../../resolve-home-directory.js';
import {parseOptions, wholeNumber} from '../../parse-options.js';
import {untilStopped} from './collect.js';
import {historyFlags, openHistory} from './open-history.js';
import {openLiveGate} from './open-live-gate.js';
import {readRetention, retentionFlags} from './retention-flags.js';

const schema = z.object({
	...historyFlags,
	host: z.string(),
	port: wholeNumber(0, 65_535),
	dashboardDir: z.string().optional(),
	dashboard: z.boolean().default(true),
	/** False for `--no-live`. */
	live: z.union([z.array(z.string()), z.boolean()]).default([]),
	liveTokenFile: z.array(z.string()).default([]),
	allowJobs: z.boolean().default(false),
	...retentionFlags,
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
	context: Pick<CommandContext, 'stderr' | 'signal' | 'env' | 'cwd' | 'clock'>,
): Promise<void> {
	const options = parseOptions(schema, flags);
	const rules = readRetention(options);
	const {clock, signal} = context;
	const onNotice = (text: string) => void context.stderr.write(`infinisst: ${text}\n`);
	const directory = options.dashboard ? await chooseDashboard(options.dashboardDir, context) : undefined;
	const dashboard = directory === undefined ? {} : {dashboard: openDashboardFiles(directory)};
	const store = await openHistory(options.db, context);
	try {
		const {live: named} = options;
		const live =
			named === false
				? undefined
				: await openLiveGate(store, {...options, live: named === true ? [] : named}, context.cwd);
		const listener = createHistoryListener({store, ...dashboard, ...(live === undefined ? {} : {live})});
		const server = await listen(listener, {
			host: options.host,
			port: options.port,
			...(live === undefined ? {} : {onUpgrade: createUpgradeListener(live, listener)}),
		});
		onNotice(`the history is at ${server.url}`);
		for (const {cluster, address} of live?.clusters.list() ?? []) {
			onNotice(`${cluster.namespace}/${cluster.name} is alive at ${address}`);
		}

		const retention =
			rules === undefined
				? untilStopped(signal)
				: runRetention({store, rules, clock, now: Date.now, onNotice}, signal);
		try {
			// It ends when it is told to, unless by a fault.
			await retention;
		} finally {
			const closed = server.close();
			// Logs that are followed and web sockets would keep it open for ever.
			await live?.destroy();
			await closed;
		}
	} finally {
		store.close();
	}
}
