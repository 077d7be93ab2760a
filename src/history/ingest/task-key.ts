import {isNilId, readId, readNumber, type JsonObject} from './wire-values.js';

/** What tells one attempt at one task from all others. Ids are hex. */
export interface TaskKey {
	readonly taskId: string;
	readonly attempt: number;
	readonly jobId: string;
}

export function readTaskKey(body: JsonObject, attemptMember: 'taskAttempt' | 'attemptNumber'): TaskKey {
	return {
		taskId: readId(body['taskId'], 'taskId'),
		attempt: readNumber(body[attemptMember]),
		jobId: readId(body['jobId'], 'jobId'),
	};
}

/** Ray reports spans that belong to no task; it keeps none of them itself. */
export function isOfNoTask({taskId, jobId}: TaskKey): boolean {
	return isNilId(taskId) || isNilId(jobId);
}
