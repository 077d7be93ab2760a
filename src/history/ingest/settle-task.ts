import {STATE_FAILED, STATE_FINISHED, STATE_PENDING_ARGS_AVAIL, WORKER_EXIT_TYPES} from './ray-enums.js';
import type {TaskFacts} from './task-facts.js';
import {toMilliseconds, toNanoseconds} from './wire-values.js';

/** How a worker that is dead came to its end. */
export interface WorkerEnd {
	readonly exitType: string;
	readonly exitDetail: string;
	readonly endMs: number;
}

/** Nanoseconds and message of a failure that no event of the task itself reports. */
export type TaskMark = readonly [string, string];

export interface SettledTask {
	/** Index into `TASK_STATES`. */
	readonly state: number;
	readonly errorType: string | null;
	readonly isOpen: boolean;
	readonly creationMs: number | null;
	readonly mark: TaskMark | null;
}

/**
 * What an attempt comes to, from all that is known of it, its worker and its job. A pure function of these,
 * so it can be asked again whenever one of them changes.
 *
 * The state is the one with the highest number, not the latest. An attempt that reported no end is failed by
 * the death of its worker, and otherwise by the end of its job (Ray 2.60, `task_event_storage.py`).
 */
export function settleTask(
	facts: TaskFacts,
	jobId: string,
	worker: WorkerEnd | undefined,
	jobEndNs: string | undefined,
): SettledTask {
	const isOpen = !facts.states.has(STATE_FINISHED) && !facts.states.has(STATE_FAILED);
	const mark = isOpen ? findMark(facts, jobId, worker, jobEndNs) : null;
	const state = Math.max(mark === null ? 0 : STATE_FAILED, ...facts.states.keys());
	const creationNs = facts.states.get(STATE_PENDING_ARGS_AVAIL)?.[0];
	const error = facts.values.get('error')?.[0] as readonly [string, string] | undefined;
	return {
		state,
		isOpen,
		mark,
		errorType: state !== STATE_FAILED ? null : mark === null ? (error?.[0] ?? null) : 'WORKER_DIED',
		creationMs: creationNs === undefined ? null : toMilliseconds(creationNs),
	};
}

function findMark(
	facts: TaskFacts,
	jobId: string,
	worker: WorkerEnd | undefined,
	jobEndNs: string | undefined,
): TaskMark | null {
	if (worker !== undefined) {
		const workerId = String(facts.values.get('workerId')![0]);
		const exitType = Math.max(
			0,
			WORKER_EXIT_TYPES.indexOf(worker.exitType as (typeof WORKER_EXIT_TYPES)[number]),
		);
		return [
			toNanoseconds(worker.endMs),
			`Worker running the task (${workerId}) died with exit_type: ${exitType} with error_message: ${worker.exitDetail}`,
		];
	}

	if (jobEndNs !== undefined) {
		return [
			// The job's end is known to the millisecond.
			toNanoseconds(toMilliseconds(jobEndNs)),
			`Job finishes (${jobId}) as driver exits. Marking all non-terminal tasks as failed.`,
		];
	}

	return null;
}
