import {createServer} from 'node:http';
import {workerData} from 'node:worker_threads';

import {answerCalls} from '../../core/util/thread-call.js';
import {openDashboardFiles} from '../http/dashboard-files.js';
import {createHistoryListener} from '../http/history-listener.js';
import {endDeadRuns} from '../record/end-dead-runs.js';
import {openHistory} from '../store/sqlite-history-store.js';

/** What the thread is started with. */
export interface MountedHistoryThreadData {
	readonly path: string;
	readonly basePath: string;
	readonly dashboardDirectory: string | undefined;
	/** Path of a socket, or name of a pipe. */
	readonly socket: string;
}

const {path, basePath, dashboardDirectory, socket} = workerData as MountedHistoryThreadData;
let close: (() => Promise<void>) | undefined;

answerCalls({
	async open() {
		const dashboard =
			dashboardDirectory === undefined ? {} : {dashboard: openDashboardFiles(dashboardDirectory)};
		const store = await openHistory({path});
		const server = createServer(createHistoryListener({store, basePath, ...dashboard}));
		// Whoever asks is the server in front, which has limits of its own.
		server.requestTimeout = 0;
		server.keepAliveTimeout = 0;
		close = async () => {
			const closed = new Promise<void>(resolve => server.close(() => resolve()));
			server.closeAllConnections();
			await closed;
			store.close();
		};
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
	},
	async close() {
		await close?.();
	},
});
