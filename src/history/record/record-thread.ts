import {workerData} from 'node:worker_threads';

import {answerCalls} from '../../core/util/thread-call.js';
import type {RecordEntry, RunFacts} from './record-entry.js';
import {openRunWriter, type RunWriter} from './run-writer.js';

/** What the thread is started with. */
export interface RecordThreadData {
	readonly path: string;
	readonly run: RunFacts;
}

export interface WriteArgument {
	readonly entries: readonly RecordEntry[];
	readonly isLast: boolean;
}

export interface ListArgument {
	readonly owner: string | undefined;
	readonly limit: number;
}

const {path, run} = workerData as RecordThreadData;
let opening: Promise<RunWriter> | undefined;
const open = (): Promise<RunWriter> => (opening ??= openRunWriter(path, run));

answerCalls({
	async write({entries, isLast}: WriteArgument) {
		const writer = await open();
		writer.write(entries, isLast);
		if (isLast) writer.close();
	},
	async list({owner, limit}: ListArgument) {
		return (await open()).listEndedSessions(owner, limit);
	},
});
