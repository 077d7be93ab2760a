import {ERROR_TYPES, TASK_STATES} from './ray-enums.js';
import {readTaskKey, type TaskKey} from './task-key.js';
import {
	isObject,
	readEnum,
	readId,
	readNanoseconds,
	readNumber,
	readObject,
	readObjects,
	readText,
	type JsonObject,
} from './wire-values.js';

/** Single values of an attempt that later events may set anew. Log offsets are bytes. */
export interface TaskValues {
	nodeId?: string;
	workerId?: string;
	workerPid?: number;
	/** Type and message. */
	error?: readonly [string, string];
	isPaused?: boolean;
	actorName?: string;
	stdoutFile?: string;
	stderrFile?: string;
	stdoutStart?: number;
	stdoutEnd?: number;
	stderrStart?: number;
	stderrEnd?: number;
}

export interface TaskChange extends TaskKey {
	/** Index into `TASK_STATES`, and nanoseconds. */
	readonly states: readonly (readonly [number, string])[];
	readonly values: TaskValues;
}

const STATE_INDEXES: ReadonlyMap<string, number> = new Map(TASK_STATES.map((name, index) => [name, index]));

/** A state that came with a later Ray is undefined; one that is left out of JSON is the first. */
function readState(value: unknown): number | undefined {
	if (typeof value === 'string') return STATE_INDEXES.get(value);
	if (value === undefined || value === null) return 0;
	return typeof value === 'number' && value in TASK_STATES ? value : undefined;
}

const LOG_FILES = ['stdoutFile', 'stderrFile'] as const;
const LOG_OFFSETS = ['stdoutStart', 'stdoutEnd', 'stderrStart', 'stderrEnd'] as const;

export function decodeTaskLifecycle(body: JsonObject): TaskChange {
	return {
		...readTaskKey(body, 'taskAttempt'),
		states: readObjects(body['stateTransitions']).flatMap(({state, timestamp}) => {
			const index = readState(state);
			return index === undefined
				? []
				: [[index, readNanoseconds(timestamp, 'stateTransitions.timestamp')] as const];
		}),
		values: readValues(body),
	};
}

const isSet = (value: unknown) => value !== undefined && value !== null;

/** Only what is present: updates are partial, and a start at byte 0 is not the same as none. */
function readValues(body: JsonObject): TaskValues {
	const values: TaskValues = {};
	const nodeId = readId(body['nodeId'], 'nodeId');
	if (nodeId !== '') values.nodeId = nodeId;
	const workerId = readId(body['workerId'], 'workerId');
	if (workerId !== '') values.workerId = workerId;
	const workerPid = readNumber(body['workerPid']);
	if (workerPid !== 0) values.workerPid = workerPid;
	if (isObject(body['rayErrorInfo'])) {
		const {errorType, errorMessage} = body['rayErrorInfo'];
		values.error = [
			// By its name also where it came with a later Ray.
			readText(errorType) || readEnum(errorType, ERROR_TYPES) || String(errorType),
			readText(errorMessage),
		];
	}

	if (typeof body['isDebuggerPaused'] === 'boolean') values.isPaused = body['isDebuggerPaused'];
	if (typeof body['actorReprName'] === 'string') values.actorName = body['actorReprName'];
	const log = readObject(body['taskLogInfo']);
	for (const member of LOG_FILES) if (typeof log[member] === 'string') values[member] = log[member];
	for (const member of LOG_OFFSETS) if (isSet(log[member])) values[member] = readNumber(log[member]);
	return values;
}
