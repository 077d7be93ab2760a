import {createServer} from 'node:http';
import {workerData} from 'node:worker_threads';

import {systemClock} from '../../core/util/clock.js';
import {createDeferred} from '../../core/util/deferred.js';
import {answerCalls} from '../../core/util/thread-call.js';
import {openDashboardFiles} from '../http/dashboard-files.js';
import {createHistoryListener} from '../http/history-listener.js';
import {DEFAULT_HEAD_TIMEOUTS, HeadProxy, type HeadTimeouts} from '../live/head-proxy.js';
import {LiveClusters, type LiveHeads} from '../live/live-clusters.js';
import {LiveGate} from '../live/live-gate.js';
import {createUpgradeListener} from '../live/upgrade-listener.js';
import {endDeadRuns} from '../record/end-dead-runs.js';
import type {HistoryStore} from '../store/history-store.js';
import {openHistory} from '../store/sqlite-history-store.js';
import type {PruneRules} from '../store/prune.js';
import {runRetention} from '../upkeep/run-retention.js';

/** What the thread is started with. */
export interface MountedHistoryThreadData {
	readonly path: string;
	readonly basePath: string;
	readonly dashboardDirectory: string | undefined;
	/** Path of a socket, or name of a pipe. */
	readonly socket: string;
	/** Undefined: nothing is passed on. */
	readonly live: LiveHeads | undefined;
	readonly headTimeouts: Partial<HeadTimeouts>;
	/** Undefined: nothing is deleted. */
	readonly retention: {readonly rules: PruneRules; readonly intervalMs?: number} | undefined;
}

const {path, basePath, dashboardDirectory, socket, live, headTimeouts, retention} =
	workerData as MountedHistoryThreadData;
const ended = new AbortController();
let gate: LiveGate | undefined;
let close: (() => Promise<void>) | undefined;
let notices: string[] = [];
let news = createDeferred();

answerCalls({
	async open() {
		const dashboard =
			dashboardDirectory === undefined ? {} : {dashboard: openDashboardFiles(dashboardDirectory)};
		const store = await openHistory({path});
		gate = live === undefined ? undefined : createGate(store, live);
		const listener = createHistoryListener({
			store,
			basePath,
			...dashboard,
			...(gate !== undefined && {live: gate}),
		});
		const server = createServer(listener);
		if (gate !== undefined) server.on('upgrade', createUpgradeListener(gate, listener));
		// Whoever asks is the server in front, which has limits of its own.
		server.requestTimeout = 0;
		server.keepAliveTimeout = 0;
		try {
			await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve));
		} catch (error) {
			store.close();
			throw error;
		}
		try {
			endDeadRuns(store);
		} catch {
			// Another process writes: the next run does it.
		}
		const retained = retain(store);
		close = async () => {
			ended.abort();
			await retained;
			const closed = new Promise<void>(resolve => server.close(() => resolve()));
			await gate?.destroy();
			server.closeAllConnections();
			await closed;
			store.close();
		};
	},
	/** Resolves when there is something that a log should say. */
	async notices(_argument: undefined, signal: AbortSignal) {
		const giveUp = (): void => news.resolve();
		signal.addEventListener('abort', giveUp, {once: true});
		await news.promise;
		signal.removeEventListener('abort', giveUp);
		const told = notices;
		notices = [];
		news = createDeferred();
		return told;
	},
	async endLive() {
		await gate?.destroy();
	},
	async close() {
		await close?.();
	},
});

function createGate(store: HistoryStore, heads: LiveHeads): LiveGate {
	return new LiveGate({
		clusters: new LiveClusters({store, ...heads, now: Date.now}),
		proxy: new HeadProxy({...DEFAULT_HEAD_TIMEOUTS, ...headTimeouts}),
		// Whoever may do that runs commands on the cluster: that is not what a key of a translation server is for.
		allowsJobs: false,
		basePath,
	});
}

/** Never rejects. */
async function retain(store: HistoryStore): Promise<void> {
	if (retention === undefined) return;
	try {
		await runRetention(
			{store, ...retention, clock: systemClock, now: Date.now, onNotice: tell},
			ended.signal,
		);
	} catch (error) {
		tell(`old sessions are not deleted any more: ${error instanceof Error ? error.message : ''}`);
	}
}

function tell(text: string): void {
	notices.push(text);
	news.resolve();
}
