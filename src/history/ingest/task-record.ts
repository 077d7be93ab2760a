import {STATE_FAILED, STATE_FINISHED, STATE_PENDING_ARGS_AVAIL} from './ray-enums.js';
import type {TaskDefinition} from './decode-task-definition.js';
import {
	addTaskEvent,
	createTaskFacts,
	encodeTaskFacts,
	type TaskEvent,
	type TaskFacts,
} from './task-facts.js';
import type {TaskKey} from './task-key.js';
import {toTaskMilliseconds} from './wire-values.js';

/** What the columns of an attempt's row are made of. Ids are hex. */
export interface TaskOutline {
	/** The highest that was reported, an index into `TASK_STATES`. */
	readonly highestState: number;
	/** Neither FINISHED nor FAILED was reported. */
	readonly isOpen: boolean;
	readonly creationMs: number | undefined;
	readonly nodeId: string | undefined;
	readonly workerId: string | undefined;
	readonly workerPid: number | undefined;
	readonly isPaused: boolean | undefined;
	readonly actorName: string | undefined;
	readonly errorType: string | undefined;
	readonly errorMessage: string | undefined;
	/** As `encodeTaskFacts()` writes them. */
	readonly facts: string;
}

/** A definition, with what is shared as JSON: most definitions of a batch have the same. */
export interface DefinitionRecord {
	readonly clock: string;
	readonly name: string;
	readonly parentTaskId: string;
	readonly actorId: string;
	readonly placementGroupId: string;
	readonly type: number;
	readonly functionName: string;
	/** A `TaskShape`. */
	readonly shapeJson: string;
}

/** All that a batch says of one attempt, in a form that is soon stored and goes from thread to thread. */
export interface TaskRecord extends TaskOutline {
	readonly taskId: string;
	readonly attempt: number;
	readonly jobId: string;
	readonly definition: DefinitionRecord | undefined;
}

export function outlineTask(facts: TaskFacts): TaskOutline {
	const {states, values} = facts;
	let highestState = 0;
	for (const state of states.keys()) if (state > highestState) highestState = state;
	const creationNs = states.get(STATE_PENDING_ARGS_AVAIL)?.[0];
	const error = values.get('error')?.[0] as readonly [string, string] | undefined;
	return {
		highestState,
		isOpen: !states.has(STATE_FINISHED) && !states.has(STATE_FAILED),
		creationMs: creationNs === undefined ? undefined : toTaskMilliseconds(creationNs),
		nodeId: values.get('nodeId')?.[0] as string | undefined,
		workerId: values.get('workerId')?.[0] as string | undefined,
		workerPid: values.get('workerPid')?.[0] as number | undefined,
		isPaused: values.get('isPaused')?.[0] as boolean | undefined,
		actorName: values.get('actorName')?.[0] as string | undefined,
		errorType: error?.[0],
		errorMessage: error?.[1],
		facts: encodeTaskFacts(facts),
	};
}

/** Events of one attempt. */
export interface TaskEvents {
	readonly key: TaskKey;
	readonly events: TaskEvent[];
}

export function recordTask({key: {taskId, attempt, jobId}, events}: TaskEvents): TaskRecord {
	const facts = createTaskFacts();
	let definition: DefinitionRecord | undefined;
	for (const event of events) {
		addTaskEvent(facts, event);
		if (event.type === 'task-defined' && event.clock > (definition?.clock ?? '')) {
			definition = recordDefinition(event.clock, event.definition);
		}
	}

	return {taskId, attempt, jobId, definition, ...outlineTask(facts)};
}

function recordDefinition(
	clock: string,
	{name, parentTaskId, actorId, placementGroupId, shape}: TaskDefinition,
): DefinitionRecord {
	const {type, functionName} = shape;
	return {
		clock,
		name,
		parentTaskId,
		actorId,
		placementGroupId,
		type,
		functionName,
		shapeJson: JSON.stringify(shape),
	};
}
