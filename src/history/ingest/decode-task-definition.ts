import {LANGUAGES, TASK_TYPES, TYPE_ACTOR_CREATION, TYPE_ACTOR_TASK} from './ray-enums.js';
import {readTaskKey, type TaskKey} from './task-key.js';
import {dropNil, readEnum, readId, readNumber, readObject, readText, type JsonObject} from './wire-values.js';

/** What many tasks have in common, stored once. */
export interface TaskShape {
	/** Index into `TASK_TYPES`. */
	readonly type: number;
	readonly functionName: string;
	readonly language: string;
	readonly requiredResources: Readonly<Record<string, number>>;
	readonly serializedRuntimeEnv: string;
	readonly callSite: string | null;
	readonly labelSelector: JsonObject;
	readonly fallbackStrategy: JsonObject;
}

/** Ids are hex; "" where there is none. */
export interface TaskDefinition extends TaskKey {
	readonly name: string;
	readonly parentTaskId: string;
	readonly actorId: string;
	readonly placementGroupId: string;
	readonly shape: TaskShape;
}

export function decodeTaskDefinition(body: JsonObject): TaskDefinition {
	const key = readTaskKey(body, 'taskAttempt');
	const type = TASK_TYPES.findIndex(
		name => name === (readEnum(body['taskType'], TASK_TYPES) || 'NORMAL_TASK'),
	);
	return {
		...key,
		name: readText(body['taskName']),
		...readRelations(body),
		// The id of a task that makes an actor ends in the actor's.
		actorId: type === TYPE_ACTOR_CREATION ? dropNil(key.taskId.slice(16, 48)) : '',
		shape: readShape(body, type, body['taskFunc']),
	};
}

export function decodeActorTaskDefinition(body: JsonObject): TaskDefinition {
	return {
		...readTaskKey(body, 'taskAttempt'),
		name: readText(body['actorTaskName']),
		...readRelations(body),
		actorId: dropNil(readId(body['actorId'], 'actorId')),
		shape: readShape(body, TYPE_ACTOR_TASK, body['actorFunc']),
	};
}

function readRelations(body: JsonObject): {readonly parentTaskId: string; readonly placementGroupId: string} {
	return {
		parentTaskId: readId(body['parentTaskId'], 'parentTaskId'),
		placementGroupId: dropNil(readId(body['placementGroupId'], 'placementGroupId')),
	};
}

function readShape(body: JsonObject, type: number, descriptor: unknown): TaskShape {
	return {
		type,
		functionName: readFunctionName(readObject(descriptor)),
		language: readEnum(body['language'], LANGUAGES) || readText(body['language']),
		requiredResources: readResources(body['requiredResources']),
		serializedRuntimeEnv: readText(body['serializedRuntimeEnv']),
		callSite: typeof body['callSite'] === 'string' ? body['callSite'] : null,
		labelSelector: readObject(body['labelSelector']),
		fallbackStrategy: readObject(body['fallbackStrategy']),
	};
}

export function readResources(value: unknown): Readonly<Record<string, number>> {
	return Object.fromEntries(
		Object.entries(readObject(value)).map(([name, amount]) => [name, readNumber(amount)]),
	);
}

/** The last part of the class and of the function, as Ray names them. */
function readFunctionName(descriptor: JsonObject): string {
	const python = descriptor['pythonFunctionDescriptor'];
	if (python !== undefined) {
		const {className, functionName} = readObject(python);
		const method = lastPart(readText(functionName));
		return readText(className) === '' ? method : `${lastPart(readText(className))}.${method}`;
	}

	const java = descriptor['javaFunctionDescriptor'];
	if (java !== undefined) {
		const {className, functionName} = readObject(java);
		return readText(className) === ''
			? readText(functionName)
			: `${readText(className)}.${readText(functionName)}`;
	}

	return readText(readObject(descriptor['cppFunctionDescriptor'])['functionName']);
}

function lastPart(name: string): string {
	return name.slice(name.lastIndexOf('.') + 1);
}
