import {STATE_FAILED, WORKER_EXIT_TYPES} from './ray-enums.js';
import type {TaskOutline} from './task-record.js';
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
	{highestState, isOpen, creationMs, workerId, errorType}: TaskOutline,
	jobId: string,
	worker: WorkerEnd | undefined,
	jobEndNs: string | undefined,
): SettledTask {
	const mark = isOpen ? findMark(workerId, jobId, worker, jobEndNs) : null;
	const state = mark === null ? highestState : Math.max(STATE_FAILED, highestState);
	return {
		state,
		isOpen,
		mark,
		errorType: state !== STATE_FAILED ? null : mark === null ? (errorType ?? null) : 'WORKER_DIED',
		creationMs: creationMs ?? null,
	};
}

function findMark(
	workerId: string | undefined,
	jobId: string,
	worker: WorkerEnd | undefined,
	jobEndNs: string | undefined,
): TaskMark | null {
	if (worker !== undefined && workerId !== undefined) {
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
