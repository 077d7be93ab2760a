import type {LogPiece} from '../store/history-types.js';
import type {RecordedCause} from './record-entry.js';

/** What entries come to, ready for the ingest. */
export interface RecordedEvents {
	/** As Ray exports them, from JSON. */
	readonly events: unknown[];
	readonly logPieces: LogPiece[];
}

export interface TaskName {
	readonly taskId: string;
	readonly jobId: string;
}

/** Events in the making. */
export class EventList implements RecordedEvents {
	readonly events: unknown[] = [];
	readonly logPieces: LogPiece[] = [];
	readonly #sessionName: string;
	readonly #seed: string;
	readonly #nextId: () => number;

	constructor(sessionName: string, seed: string, nextId: () => number) {
		this.#sessionName = sessionName;
		this.#seed = seed;
		this.#nextId = nextId;
	}

	add(eventType: string, member: string, atMs: number, body: object): void {
		this.events.push({
			// In the order of their making, as that decides between two at the same time.
			eventId: `${this.#seed}${this.#nextId().toString(16).padStart(12, '0')}`,
			sourceType: 'CORE_WORKER',
			eventType,
			timestamp: formatTime(atMs),
			severity: 'INFO',
			sessionName: this.#sessionName,
			[member]: body,
		});
	}

	defineSubmission(
		submissionId: string,
		entrypoint: string,
		metadata: Readonly<Record<string, string>>,
		atMs: number,
	): void {
		this.add('SUBMISSION_JOB_DEFINITION_EVENT', 'submissionJobDefinitionEvent', atMs, {
			submissionId,
			entrypoint,
			config: {metadata, serializedRuntimeEnv: ''},
		});
	}

	changeSubmission(submissionId: string, state: string, atMs: number, cause?: RecordedCause): void {
		this.add('SUBMISSION_JOB_LIFECYCLE_EVENT', 'submissionJobLifecycleEvent', atMs, {
			submissionId,
			stateTransitions: [
				{
					state,
					timestamp: formatTime(atMs),
					...(cause !== undefined && {message: cause.message, errorType: cause.isStop ? '' : cause.code}),
				},
			],
		});
	}

	changeJob(jobId: string, state: string, atMs: number): void {
		this.add('DRIVER_JOB_LIFECYCLE_EVENT', 'driverJobLifecycleEvent', atMs, {
			jobId: base64(jobId),
			stateTransitions: [{state, timestamp: formatTime(atMs)}],
		});
	}

	changeActor(actorId: string, state: string, atMs: number, more: object): void {
		this.add('ACTOR_LIFECYCLE_EVENT', 'actorLifecycleEvent', atMs, {
			actorId: base64(actorId),
			stateTransitions: [{state, timestamp: formatTime(atMs), ...more}],
		});
	}

	changeTask(task: TaskName, states: readonly (readonly [string, number])[], values: object): void {
		this.add('TASK_LIFECYCLE_EVENT', 'taskLifecycleEvent', states.at(-1)![1], {
			...keyOf(task),
			// In the middle of the millisecond: as doubles, in which tasks are answered, some would begin in the one before.
			stateTransitions: states.map(([state, atMs]) => ({
				state,
				timestamp: formatTime(atMs).replace('Z', '5Z'),
			})),
			...values,
		});
	}

	addSpan(task: TaskName, name: string, startMs: number, endMs: number, facts: object): void {
		const {taskId, jobId} = keyOf(task);
		this.add('TASK_PROFILE_EVENT', 'taskProfileEvents', endMs, {
			...{taskId, jobId, attemptNumber: 0},
			profileEvents: {
				componentType: 'worker',
				componentId: '',
				nodeIpAddress: '127.0.0.1',
				events: [
					{
						startTime: toNanoseconds(startMs),
						endTime: toNanoseconds(endMs),
						eventName: name,
						extraData: JSON.stringify(facts),
					},
				],
			},
		});
	}
}

export function keyOf({taskId, jobId}: TaskName) {
	return {taskId: base64(taskId), jobId: base64(jobId), taskAttempt: 0};
}

export function base64(hex: string): string {
	return Buffer.from(hex, 'hex').toString('base64');
}

export function formatTime(atMs: number): string {
	return new Date(atMs).toISOString();
}

function toNanoseconds(atMs: number): string {
	return `${Math.round(atMs)}000000`;
}
