import {createHash} from 'node:crypto';

import {EventBatch} from '../ingest/event-batch.js';
import type {HistoryStore} from '../store/history-store.js';
import type {SessionSummary} from '../store/history-types.js';
import type {SessionReader} from '../store/session-reader.js';
import {base64, EventList, formatTime} from './event-list.js';
import {LOCAL_CLUSTER, MAX_RUNS_READ, PROCESS_METADATA} from './local-cluster.js';
import type {RecordedCause} from './record-entry.js';
import {isAlive, isGone, type RunProcess} from './run-process.js';

const ENDED: readonly string[] = ['STOPPED', 'SUCCEEDED', 'FAILED'];

/**
 * Ends in the history the runs of this machine whose processes could not: they were killed. As Ray's head does it for a
 * driver that is gone: the worker's death fails its tasks, and the jobs with them. The end is the last that they told.
 *
 * @param isDead - replaces how that is found out, for tests.
 * @returns how many there were.
 * @throws {InfinisstError} `DISK_FULL`; `HISTORY_LOCKED` (retryable).
 */
export function endDeadRuns(store: HistoryStore, isDead: (run: RunProcess) => boolean = isGone): number {
	let count = 0;
	const sessions = store.sessions().filter(({cluster}) => cluster.name === LOCAL_CLUSTER.name);
	for (const {id} of sessions.slice(0, MAX_RUNS_READ)) {
		const reader = store.read(id);
		const run = readProcess(reader);
		if (run === undefined || !isDead(run)) continue;
		store.write(id, {events: describeEnd(reader, run)});
		count++;
	}
	return count;
}

/** Whether a session is that of a run of this machine whose process surely lives. */
export function isRunningHere(store: HistoryStore, {id, cluster}: SessionSummary): boolean {
	if (cluster.name !== LOCAL_CLUSTER.name) return false;
	const run = readProcess(store.read(id));
	return run !== undefined && isAlive(run);
}

/** Undefined for a run that has ended, or that said nothing of its process. */
function readProcess(reader: SessionReader): RunProcess | undefined {
	const driver = reader.entities('job').find(({metadata}) => metadata[PROCESS_METADATA] !== undefined);
	if (driver === undefined || driver.isFinished) return undefined;
	return {
		hostname: reader.entity('node', driver.driverNodeId)?.hostname ?? '',
		pid: Number(driver.driverPid),
		identity: driver.metadata[PROCESS_METADATA]!,
	};
}

function describeEnd(reader: SessionReader, {pid}: RunProcess): EventBatch {
	const {name, lastMs} = reader.session;
	// After the last that was told, and the same whoever finds it: two may at once.
	const atMs = (lastMs ?? 0) + 1;
	const seed = createHash('sha256').update(`end of ${name}`).digest('hex').slice(0, 32);
	let events = 0;
	const out = new EventList(name, seed, () => ++events);
	const cause: RecordedCause = {
		code: 'KILLED',
		message: `The process ${pid} was killed: it ended without a word`,
		isStop: false,
	};
	for (const {submissionId, status} of reader.entities('submission')) {
		if (!ENDED.includes(status)) out.changeSubmission(submissionId, 'FAILED', atMs, cause);
	}
	for (const {actorId, state} of reader.entities('actor')) {
		if (state === 'DEAD') continue;
		const deathCause = {actorDiedErrorContext: {errorMessage: cause.message}};
		out.changeActor(actorId, 'DEAD', atMs, {deathCause});
	}
	for (const {workerId, jobId, isAlive} of reader.entities('worker')) {
		if (!isAlive) continue;
		out.add('WORKER_LIFECYCLE_EVENT', 'workerLifecycleEvent', atMs, {
			workerId: base64(workerId),
			jobId: base64(jobId),
			stateTransitions: [
				{
					state: 'DEAD',
					timestamp: formatTime(atMs),
					endTimeMs: String(atMs),
					deathInfo: {exitType: 'SYSTEM_ERROR', exitDetail: cause.message},
				},
			],
		});
	}
	for (const {jobId, isFinished} of reader.entities('job')) {
		if (!isFinished) out.changeJob(jobId, 'FINISHED', atMs);
	}
	for (const {nodeId, state} of reader.entities('node')) {
		if (state === 'DEAD') continue;
		out.add('NODE_LIFECYCLE_EVENT', 'nodeLifecycleEvent', atMs, {
			nodeId: base64(nodeId),
			stateTransitions: [
				{
					state: 'DEAD',
					timestamp: formatTime(atMs),
					deathInfo: {reason: 'UNEXPECTED_TERMINATION', reasonMessage: cause.message},
				},
			],
		});
	}

	const batch = new EventBatch();
	for (const event of out.events) batch.add(event, 'recorded', name);
	return batch;
}
