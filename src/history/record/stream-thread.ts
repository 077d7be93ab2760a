import {workerData} from 'node:worker_threads';

import {answerCalls} from '../../core/util/thread-call.js';
import {openDatabase} from '../store/open-database.js';
import {StreamRows, type StreamChange} from './stream-rows.js';

/** What the thread is started with. */
export interface StreamThreadData {
	readonly path: string;
	readonly busyTimeoutMs: number;
}

const {path, busyTimeoutMs} = workerData as StreamThreadData;
let rows: StreamRows | undefined;

answerCalls({
	async open(nowMs: number) {
		// It must survive the end of the process, not of the machine: the audio is in the clients' memory.
		rows = new StreamRows(await openDatabase({path, survivesPowerCut: false}), busyTimeoutMs);
		rows.prune(nowMs);
	},
	write(changes: readonly StreamChange[]) {
		rows!.write(changes);
		return Promise.resolve();
	},
	find: (tokenHash: string) => Promise.resolve(rows!.find(tokenHash)),
	close() {
		rows?.close();
		return Promise.resolve();
	},
});
