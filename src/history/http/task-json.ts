import type {TaskShape} from '../ingest/decode-task-definition.js';
import {
	STATE_FAILED,
	STATE_FINISHED,
	STATE_RUNNING,
	TASK_STATES,
	TASK_TYPES,
	TYPE_DRIVER,
} from '../ingest/ray-enums.js';
import {readTaskDetail, type TaskDetail} from '../ingest/task-facts.js';
import type {TaskMark} from '../ingest/settle-task.js';
import {isObject, readObjects, readText, toTaskMilliseconds, type JsonObject} from '../ingest/wire-values.js';
import type {SessionReader, TaskOutline, TaskRow} from '../store/session-reader.js';
import {redactSerializedRuntimeEnv} from './redact.js';

/** Ray's own rule, wider than that of log files. */
// eslint-disable-next-line no-control-regex -- escape sequences begin with one
const ANSI = /\u001B[^m]*m/g;

/** More profile spans of one attempt than these the head does not keep either: the newest stay. */
export const MAX_SPANS = 1000;

/** A task as the state API shows it in a list. */
export interface TaskSummary {
	readonly taskId: string;
	readonly attempt: number;
	readonly name: string;
	readonly state: string;
	readonly jobId: string;
	readonly actorId: string | null;
	readonly type: string;
	readonly functionName: string;
	readonly parentTaskId: string | null;
	readonly nodeId: string | null;
	readonly workerId: string | null;
	readonly creationMs: number | null;
}

/** The same with everything that needs its facts. */
export interface TaskState extends TaskSummary {
	readonly detail: TaskDetail;
}

export function readTaskState(row: TaskRow, shape: TaskShape): TaskState {
	return {...readTaskSummary(row, shape), detail: readTaskDetail(row.facts)};
}

export function readTaskSummary(row: TaskOutline, shape: TaskShape): TaskSummary {
	return {
		taskId: row.task_id,
		attempt: row.attempt,
		name: row.display_name ?? row.name,
		state: TASK_STATES[row.state]!,
		jobId: row.job_id,
		actorId: row.actor_id || null,
		type: TASK_TYPES[row.type]!,
		functionName: shape.functionName,
		parentTaskId: row.parent_task_id || null,
		nodeId: row.node_id || null,
		workerId: row.worker_id || null,
		creationMs: row.creation_ms,
	};
}

/** Writes tasks as JSON text: made by hand because a list has ten thousand of them, each with 28 members. */
export class TaskWriter {
	readonly #reader: SessionReader;
	readonly #redacts: boolean;
	readonly #fragments = new Map<number, ShapeFragments>();

	constructor(reader: SessionReader, {redacts}: {readonly redacts: boolean}) {
		this.#reader = reader;
		this.#redacts = redacts;
	}

	/** With the members that are shown in detail. */
	write(row: TaskRow): string {
		const fragments = this.#fragmentsOf(row.shape_id);
		return writeOutline(row, fragments) + writeDetail(row, readTaskDetail(row.facts), fragments);
	}

	writeOutline(row: TaskOutline): string {
		return `${writeOutline(row, this.#fragmentsOf(row.shape_id))}}`;
	}

	#fragmentsOf(id: number): ShapeFragments {
		let fragments = this.#fragments.get(id);
		if (fragments === undefined) {
			fragments = makeFragments(this.#reader.shape(id), this.#redacts);
			if (this.#fragments.size >= 5000) this.#fragments.clear();
			this.#fragments.set(id, fragments);
		}

		return fragments;
	}
}

function writeOutline(row: TaskOutline, fragments: ShapeFragments): string {
	return (
		`{"task_id":"${row.task_id}","attempt_number":${row.attempt}` +
		`,"name":${JSON.stringify(row.display_name ?? row.name)},"state":"${TASK_STATES[row.state]!}"` +
		`,"job_id":"${row.job_id}","actor_id":${quoteId(row.actor_id)}` +
		`,"type":"${TASK_TYPES[row.type]!}","func_or_class_name":${fragments.functionName}` +
		`,"parent_task_id":"${row.parent_task_id}","node_id":${quoteId(row.node_id)}` +
		`,"worker_id":${quoteId(row.worker_id)},"worker_pid":${row.worker_pid ?? 'null'}` +
		`,"error_type":${row.error_type === null ? 'null' : JSON.stringify(row.error_type)}`
	);
}

interface ShapeFragments {
	readonly functionName: string;
	/** Members from the language to the runtime environment. */
	readonly middle: string;
	/** Members from the call site to the end. */
	readonly end: string;
}

function makeFragments(shape: TaskShape, redacts: boolean): ShapeFragments {
	const runtimeEnv = describeRuntimeEnv(shape.serializedRuntimeEnv, redacts);
	const fallback = describeFallback(shape);
	return {
		functionName: JSON.stringify(shape.functionName),
		middle: `,"language":${JSON.stringify(shape.language)},"required_resources":${JSON.stringify(shape.requiredResources)},"runtime_env_info":${JSON.stringify(runtimeEnv)}`,
		end: `,"call_site":${JSON.stringify(shape.callSite)},"label_selector":${JSON.stringify(shape.labelSelector)},"fallback_strategy":${JSON.stringify(fallback)}}`,
	};
}

function writeDetail(row: TaskRow, detail: TaskDetail, fragments: ShapeFragments): string {
	const mark = row.mark === null ? null : (JSON.parse(row.mark) as TaskMark);
	const states = withMark(detail.states, mark);
	let startMs: number | null = null;
	let endMs: number | null = null;
	let events = '';
	for (const [state, ns] of states) {
		const ms = toTaskMilliseconds(ns);
		events += `${events === '' ? '' : ','}{"state":"${TASK_STATES[state]!}","created_ms":${ms}}`;
		if (state === STATE_RUNNING) startMs = ms;
		if (state === STATE_FINISHED || state === STATE_FAILED) endMs = ms;
	}

	const message = row.state !== STATE_FAILED ? null : (mark?.[1] ?? detail.values.error?.[1] ?? null);
	const {isPaused} = detail.values;
	return (
		fragments.middle +
		`,"placement_group_id":${quoteId(row.placement_group_id)},"events":[${events}]` +
		`,"profiling_data":${writeProfile(detail)}` +
		`,"creation_time_ms":${row.creation_ms ?? 'null'},"start_time_ms":${startMs ?? 'null'},"end_time_ms":${endMs ?? 'null'}` +
		`,"task_log_info":${writeLog(detail)}` +
		`,"error_message":${message === null ? 'null' : JSON.stringify(message.replaceAll(ANSI, ''))}` +
		`,"is_debugger_paused":${isPaused ?? 'null'}` +
		fragments.end
	);
}

/** States in the order of their numbers, with the failure that no event reports. */
export function withMark(states: TaskDetail['states'], mark: TaskMark | null): TaskDetail['states'] {
	if (mark === null) return states;
	return [...states, [STATE_FAILED, mark[0]] as const].sort(([a], [b]) => a - b);
}

function writeProfile({component, spans}: TaskDetail): string {
	if (component === undefined) return '{}';
	const events = spans
		.slice(-MAX_SPANS)
		.map(
			([start, end, name, extra]) =>
				// Nanoseconds as a double and then divided, as Python does it: the last digits are its.
				`{"start_time":${Number(start) / 1e6},"end_time":${Number(end) / 1e6},"extra_data":${readExtra(extra)},"event_name":${JSON.stringify(name)}}`,
		)
		.join(',');
	const [type, id, ip] = component;
	return `{"component_type":${JSON.stringify(type)},"component_id":"${id}","node_ip_address":${JSON.stringify(ip)},"events":[${events}]}`;
}

/** Extra data is JSON already; what is not would break the whole answer. */
function readExtra(text: string): string {
	if (text === '{}' || text === '') return '{}';
	try {
		return JSON.stringify(JSON.parse(text));
	} catch {
		return '{}';
	}
}

export function describeLog({values}: TaskDetail): Record<string, string | number> | null {
	const {stdoutFile, stderrFile, stdoutStart, stdoutEnd, stderrStart, stderrEnd} = values;
	const members = {
		stdout_file: stdoutFile,
		stderr_file: stderrFile,
		stdout_start: stdoutStart,
		stdout_end: stdoutEnd,
		stderr_start: stderrStart,
		stderr_end: stderrEnd,
	};
	const present = Object.entries(members).filter(
		(entry): entry is [string, string | number] => entry[1] !== undefined,
	);
	return present.length === 0 ? null : Object.fromEntries(present);
}

/** The same as text. */
function writeLog({values}: TaskDetail): string {
	const {stdoutFile, stderrFile, stdoutStart, stdoutEnd, stderrStart, stderrEnd} = values;
	let text = '';
	if (stdoutFile !== undefined) text += `,"stdout_file":${JSON.stringify(stdoutFile)}`;
	if (stderrFile !== undefined) text += `,"stderr_file":${JSON.stringify(stderrFile)}`;
	if (stdoutStart !== undefined) text += `,"stdout_start":${stdoutStart}`;
	if (stdoutEnd !== undefined) text += `,"stdout_end":${stdoutEnd}`;
	if (stderrStart !== undefined) text += `,"stderr_start":${stderrStart}`;
	if (stderrEnd !== undefined) text += `,"stderr_end":${stderrEnd}`;
	return text === '' ? 'null' : `{${text.slice(1)}}`;
}

/** Events carry the environment itself only; what the head adds follows from it. */
function describeRuntimeEnv(serialized: string, redacts: boolean): JsonObject {
	const shown = redacts ? redactSerializedRuntimeEnv(serialized) : serialized;
	if (serialized === '') return {serialized_runtime_env: shown};
	const environment = parseObject(serialized);
	const workingDirectory = readText(environment['working_dir']);
	const modules = Array.isArray(environment['py_modules']) ? (environment['py_modules'] as unknown[]) : [];
	const config = isObject(environment['config']) ? environment['config'] : {};
	return {
		serialized_runtime_env: shown,
		...(workingDirectory === '' && modules.length === 0
			? {}
			: {uris: {working_dir_uri: workingDirectory, py_modules_uris: modules}}),
		runtime_env_config: {
			setup_timeout_seconds: config['setup_timeout_seconds'] ?? 600,
			eager_install: config['eager_install'] ?? true,
			log_files: config['log_files'] ?? [],
		},
	};
}

function parseObject(text: string): JsonObject {
	try {
		const value: unknown = JSON.parse(text);
		return isObject(value) ? value : {};
	} catch {
		return {};
	}
}

function describeFallback({type, fallbackStrategy}: TaskShape): JsonObject | null {
	if (type === TYPE_DRIVER) return null;
	return {
		options: readObjects(fallbackStrategy['options']).map(({labelSelector}) => ({
			label_selector: {
				label_constraints: readObjects(isObject(labelSelector) ? labelSelector['labelConstraints'] : []).map(
					({labelKey, operator, labelValues}) => ({
						label_key: readText(labelKey),
						operator: readText(operator) || 'LABEL_OPERATOR_UNSPECIFIED',
						label_values: Array.isArray(labelValues) ? (labelValues as unknown[]) : [],
					}),
				),
			},
		})),
	};
}

function quoteId(id: string): string {
	return id === '' ? 'null' : `"${id}"`;
}
