import {
	isObject,
	readNumber,
	readObject,
	readObjects,
	readText,
	type JsonObject,
} from '../ingest/wire-values.js';

/*
 * Ray's events that lead to an answer of the head again. The oldest storages hold answers only: made into
 * events they go through the same ingest as everything else, so that filters, sums, the timeline and the
 * search work on them. Ids of the events are made of what they are about, so that reading the answers anew,
 * or the same task from two of them, changes nothing. A span's times lose what is below a microsecond.
 */

/** Rows of `/api/v0/tasks?detail=1`. */
export function readTaskAnswer(body: unknown): readonly JsonObject[] {
	return readObjects(readPath(body, 'data', 'result', 'result')).flatMap(makeTaskEvents);
}

/** `/logical/actors`. */
export function readActorAnswer(body: unknown): readonly JsonObject[] {
	return Object.values(readObject(readPath(body, 'data', 'actors')))
		.filter(isObject)
		.flatMap(makeActorEvents);
}

/** `/nodes?view=summary`. */
export function readNodeAnswer(body: unknown): readonly JsonObject[] {
	return readObjects(readPath(body, 'data', 'summary')).flatMap(makeNodeEvents);
}

/** `/api/jobs/`: of each job that had one, its driver. */
export function readJobAnswer(body: unknown): readonly JsonObject[] {
	return (Array.isArray(body) ? body : []).filter(isObject).flatMap(makeJobEvents);
}

function makeTaskEvents(task: JsonObject): JsonObject[] {
	const id = readText(task['task_id']);
	if (id === '') return [];
	const attempt = readNumber(task['attempt_number']);
	const key = {taskId: toBase64(id), jobId: toBase64(task['job_id']), taskAttempt: attempt};
	const type = readText(task['type']);
	const isOfActor = type === 'ACTOR_TASK';
	const states = readObjects(task['events']);
	const definition = {
		...key,
		language: readText(task['language']),
		requiredResources: readObject(task['required_resources']),
		parentTaskId: toBase64(task['parent_task_id']),
		placementGroupId: toBase64(task['placement_group_id']),
		serializedRuntimeEnv: readText(readObject(task['runtime_env_info'])['serialized_runtime_env']),
		callSite: task['call_site'],
		labelSelector: task['label_selector'],
		fallbackStrategy: describeFallback(task['fallback_strategy']),
		// The only kind of descriptor whose name is shown as it is.
		[isOfActor ? 'actorFunc' : 'taskFunc']: {
			cppFunctionDescriptor: {functionName: readText(task['func_or_class_name'])},
		},
		...(isOfActor
			? {actorTaskName: readText(task['name']), actorId: toBase64(task['actor_id'])}
			: {taskName: readText(task['name']), taskType: type}),
	};
	const log = readObject(task['task_log_info']);
	const lifecycle = {
		...key,
		// In the middle of the millisecond: as doubles, in which tasks are answered, some would begin in the one before.
		stateTransitions: states.map(({state, created_ms: ms}) => ({
			state,
			timestamp: toTimestamp(ms).replace('Z', '5Z'),
		})),
		nodeId: toBase64(task['node_id']),
		workerId: toBase64(task['worker_id']),
		workerPid: readNumber(task['worker_pid']),
		...(typeof task['error_type'] === 'string'
			? {rayErrorInfo: {errorType: task['error_type'], errorMessage: readText(task['error_message'])}}
			: {}),
		...(typeof task['is_debugger_paused'] === 'boolean'
			? {isDebuggerPaused: task['is_debugger_paused']}
			: {}),
		taskLogInfo: {
			stdoutFile: log['stdout_file'],
			stderrFile: log['stderr_file'],
			stdoutStart: log['stdout_start'],
			stdoutEnd: log['stdout_end'],
			stderrStart: log['stderr_start'],
			stderrEnd: log['stderr_end'],
		},
	};
	const about = `answer/${id}/${attempt}`;
	const firstMs = readNumber(task['creation_time_ms'] ?? states[0]?.['created_ms']);
	const lastMs = Math.max(firstMs, ...states.map(({created_ms: ms}) => readNumber(ms)));
	return [
		isOfActor
			? makeEvent(about, 'ACTOR_TASK_DEFINITION_EVENT', firstMs, {actorTaskDefinitionEvent: definition})
			: makeEvent(about, 'TASK_DEFINITION_EVENT', firstMs, {taskDefinitionEvent: definition}),
		makeEvent(about, 'TASK_LIFECYCLE_EVENT', lastMs, {taskLifecycleEvent: lifecycle}),
		...makeProfileEvents(about, lastMs, key, readObject(task['profiling_data'])),
	];
}

function makeProfileEvents(
	about: string,
	timestampMs: number,
	{
		taskId,
		jobId,
		taskAttempt,
	}: {readonly taskId: string; readonly jobId: string; readonly taskAttempt: number},
	profile: JsonObject,
): JsonObject[] {
	if (profile['component_type'] === undefined) return [];
	const profileEvents = {
		componentType: profile['component_type'],
		componentId: toBase64(profile['component_id']),
		nodeIpAddress: profile['node_ip_address'],
		events: readObjects(profile['events']).map(
			({start_time: startMs, end_time: endMs, event_name: eventName, extra_data: extra}) => ({
				startTime: toSpanTime(startMs),
				endTime: toSpanTime(endMs),
				eventName,
				extraData: JSON.stringify(extra ?? {}),
			}),
		),
	};
	return [
		makeEvent(about, 'TASK_PROFILE_EVENT', timestampMs, {
			taskProfileEvents: {taskId, jobId, attemptNumber: taskAttempt, profileEvents},
		}),
	];
}

function makeActorEvents(actor: JsonObject): JsonObject[] {
	const id = readText(actor['actorId']);
	if (id === '') return [];
	const about = `answer/${id}`;
	const actorId = toBase64(id);
	const state = readText(actor['state']);
	const {nodeId, workerId, port} = readObject(actor['address']);
	const startMs = readNumber(actor['startTime']);
	const endMs = readNumber(actor['endTime']);
	const changedMs = readNumber(actor['timestamp']);
	const alive = {
		state: 'ALIVE',
		timestamp: toTimestamp(startMs),
		nodeId: toBase64(nodeId),
		workerId: toBase64(workerId),
		pid: readNumber(actor['pid']),
		port: readNumber(port),
		reprName: readText(actor['reprName']),
	};
	const restarts = Array.from({length: readNumber(actor['numRestarts'])}, () => ({
		state: 'RESTARTING',
		timestamp: toTimestamp(startMs),
	}));
	const lived = startMs === 0 ? [] : [alive, ...restarts, ...(restarts.length > 0 ? [alive] : [])];
	const exitDetail = readText(actor['exitDetail']);
	const death = {
		state: 'DEAD',
		...(exitDetail === '' || exitDetail === '-'
			? {}
			: {deathCause: {actorDiedErrorContext: {errorMessage: exitDetail}}}),
	};
	// The head tells of the death, and later of the last change, which is the same death told again.
	const last =
		state === 'DEAD'
			? [endMs, Math.max(endMs, changedMs)].map(ms => ({...death, timestamp: toTimestamp(ms)}))
			: state === 'ALIVE'
				? []
				: [{state, timestamp: toTimestamp(changedMs || startMs)}];
	const definition = {
		actorId,
		jobId: toBase64(actor['jobId']),
		name: actor['name'],
		rayNamespace: actor['rayNamespace'],
		className: actor['className'] ?? actor['actorClass'],
		isDetached: actor['isDetached'],
		requiredResources: actor['requiredResources'],
		placementGroupId: toBase64(actor['placementGroupId']),
		labelSelector: actor['labelSelector'],
		callSite: actor['callSite'],
	};
	return [
		makeEvent(about, 'ACTOR_DEFINITION_EVENT', startMs || changedMs, {actorDefinitionEvent: definition}),
		makeEvent(about, 'ACTOR_LIFECYCLE_EVENT', Math.max(startMs, endMs, changedMs), {
			actorLifecycleEvent: {actorId, stateTransitions: [...lived, ...last]},
		}),
	];
}

/** The answer's names of members are made for a page, those of resources with them. */
const RENAMED_RESOURCES: Readonly<Record<string, string>> = {
	objectStoreMemory: 'object_store_memory',
	'node:InternalHead': 'node:__internal_head__',
};

function makeNodeEvents(node: JsonObject): JsonObject[] {
	const raylet = readObject(node['raylet']);
	const id = readText(raylet['nodeId']);
	if (id === '') return [];
	const about = `answer/${id}`;
	const nodeId = toBase64(id);
	const startMs = readNumber(raylet['startTimeMs']);
	const endMs = readNumber(raylet['endTimeMs']);
	const resources = Object.fromEntries(
		Object.entries(readObject(raylet['resourcesTotal'])).map(([name, amount]) => [
			RENAMED_RESOURCES[name] ?? name,
			amount,
		]),
	);
	const transitions = [
		{
			state: 'ALIVE',
			timestamp: toTimestamp(startMs),
			resources,
		},
		...(raylet['state'] === 'DEAD'
			? [
					{
						state: 'DEAD',
						timestamp: toTimestamp(endMs || startMs),
						deathInfo: {reasonMessage: readText(raylet['stateMessage'])},
					},
				]
			: []),
	];
	return [
		makeEvent(about, 'NODE_DEFINITION_EVENT', startMs, {
			nodeDefinitionEvent: {
				nodeId,
				nodeIpAddress: readText(raylet['nodeManagerAddress']) || node['ip'],
				labels: raylet['labels'],
				startTimestamp: toTimestamp(startMs),
				hostname: readText(raylet['nodeManagerHostname']) || node['hostname'],
				nodeName: raylet['nodeName'],
				instanceId: raylet['instanceId'],
				instanceTypeName: raylet['instanceTypeName'],
			},
		}),
		makeEvent(about, 'NODE_LIFECYCLE_EVENT', Math.max(startMs, endMs), {
			nodeLifecycleEvent: {nodeId, stateTransitions: transitions},
		}),
	];
}

function makeJobEvents(job: JsonObject): JsonObject[] {
	const id = readText(job['job_id']);
	if (id === '') return [];
	const about = `answer/${id}`;
	const jobId = toBase64(id);
	const startMs = readNumber(job['start_time']);
	const endMs = readNumber(job['end_time']);
	const hasEnded = ['SUCCEEDED', 'FAILED', 'STOPPED'].includes(readText(job['status']));
	const submissionId = readText(job['submission_id']);
	return [
		makeEvent(about, 'DRIVER_JOB_DEFINITION_EVENT', startMs, {
			driverJobDefinitionEvent: {
				jobId,
				driverPid: readNumber(readObject(job['driver_info'])['pid']),
				driverNodeId: toBase64(job['driver_node_id']),
				entrypoint: readText(job['entrypoint']),
				config: {
					serializedRuntimeEnv: isObject(job['runtime_env']) ? JSON.stringify(job['runtime_env']) : '',
					metadata: {
						...readObject(job['metadata']),
						...(submissionId === '' ? {} : {job_submission_id: submissionId}),
					},
				},
			},
		}),
		makeEvent(about, 'DRIVER_JOB_LIFECYCLE_EVENT', Math.max(startMs, endMs), {
			driverJobLifecycleEvent: {
				jobId,
				stateTransitions: [
					{state: 'CREATED', timestamp: toTimestamp(startMs)},
					...(hasEnded ? [{state: 'FINISHED', timestamp: toTimestamp(endMs || startMs)}] : []),
				],
			},
		}),
	];
}

/** Named by what it is about and of what type it is. */
function makeEvent(about: string, eventType: string, timestampMs: number, payload: JsonObject): JsonObject {
	return {eventId: `${about}/${eventType}`, eventType, timestamp: toTimestamp(timestampMs), ...payload};
}

function describeFallback(value: unknown): JsonObject {
	return {
		options: readObjects(readObject(value)['options']).map(({label_selector: selector}) => ({
			labelSelector: {
				labelConstraints: readObjects(readObject(selector)['label_constraints']).map(constraint => ({
					labelKey: constraint['label_key'],
					operator: constraint['operator'],
					labelValues: constraint['label_values'],
				})),
			},
		})),
	};
}

function readPath(value: unknown, ...members: readonly string[]): unknown {
	return members.reduce((inner, member) => readObject(inner)[member], value);
}

/** Hex digits as events carry ids; what are none is left as it is, and named as damaged later. */
function toBase64(hex: unknown): string {
	const text = readText(hex);
	return /^([\da-f]{2})*$/i.test(text) ? Buffer.from(text, 'hex').toString('base64') : text;
}

/** "" for 0, which stands for no time. */
function toTimestamp(ms: unknown): string {
	const number = readNumber(ms);
	return number === 0 ? '' : new Date(number).toISOString();
}

/** Milliseconds with a fraction, in nanoseconds. */
function toSpanTime(ms: unknown): string {
	return String(BigInt(Math.round(readNumber(ms) * 1e6)));
}
