import type {SessionReader} from '../store/session-reader.js';
import type {TaskQuery} from '../store/task-query.js';
import type {TaskSpan} from '../ingest/decode-task-profile.js';
import {isObject} from '../ingest/wire-values.js';
import {MAX_SPANS, readTaskState, type TaskState} from './task-json.js';

/** Colours of Chrome's trace viewer by name of the span, as Ray chose them. */
const COLOURS: Readonly<Record<string, string>> = {
	worker_idle: 'cq_build_abandoned',
	task: 'rail_response',
	'task:deserialize_arguments': 'rail_load',
	'task:execute': 'rail_animation',
	'task:store_outputs': 'rail_idle',
	wait_for_function: 'detailed_memory_dump',
	'ray.get': 'good',
	'ray.put': 'terrible',
	'ray.wait': 'vsync_highlight_color',
	submit_task: 'background_memory_dump',
	fetch_and_run_function: 'detailed_memory_dump',
	register_remote_function: 'detailed_memory_dump',
};

const colourOf = (name: string) => COLOURS[name] ?? 'generic_work';

/** One entry of a trace, as Chrome's trace viewer and Perfetto read it; times are microseconds. */
export type TraceEvent = Readonly<Record<string, unknown>>;

/** What a worker did for an attempt at a task. */
export interface TimelineSpan {
	readonly task: TaskState;
	readonly kind: string;
	/** Microseconds since 1970, as the head rounds them. */
	readonly startUs: number;
	readonly durationUs: number;
	readonly nodeIp: string;
	/** "worker:<id>" or "driver:<id>". */
	readonly worker: string;
	readonly event: TraceEvent;
}

/** The spans of a session's tasks. Nodes are a trace's "processes" and workers its "threads". */
export class Timeline {
	readonly #nodes = new Map<string, number>();
	readonly #workers = new Map<
		string,
		{readonly node: number; readonly index: number; readonly name: string}
	>();

	/** In order of the tasks' ids. */
	*spans(reader: SessionReader, query: TaskQuery): Generator<TimelineSpan, void, undefined> {
		for (const row of reader.tasks(query)) {
			const task = readTaskState(row, reader.shape(row.shape_id));
			const [type, id, nodeIp] = task.detail.component ?? ['', '', ''];
			if (type !== 'worker' && type !== 'driver') continue;
			for (const span of task.detail.spans.slice(-MAX_SPANS)) {
				yield this.#describe(task, `${type}:${id}`, nodeIp, span);
			}
		}
	}

	/** Names of the nodes and workers of the spans so far. */
	*names(): Generator<TraceEvent, void, undefined> {
		for (const [ip, pid] of this.#nodes)
			yield {name: 'process_name', args: {name: `Node ${ip}`}, pid, tid: null, ph: 'M'};
		for (const {name, node, index} of this.#workers.values()) {
			yield {name: 'thread_name', args: {name}, pid: node, tid: index, ph: 'M'};
		}
	}

	#describe(
		task: TaskState,
		component: string,
		nodeIp: string,
		[start, end, kind, extra]: TaskSpan,
	): TimelineSpan {
		const node = this.#nodes.get(nodeIp) ?? this.#nodes.size;
		this.#nodes.set(nodeIp, node);
		const key = `${node} ${component}`;
		const worker = this.#workers.get(key) ?? {node, index: this.#workers.size, name: component};
		this.#workers.set(key, worker);
		// Each step rounds as Python's does.
		const startUs = (Number(start) / 1e6) * 1e3;
		const durationUs = (Number(end) / 1e6) * 1e3 - startUs;
		const extraData = parseExtra(extra);
		const event = {
			cat: kind,
			name: typeof extraData['name'] === 'string' ? extraData['name'] : kind,
			pid: node,
			tid: worker.index,
			ts: startUs,
			dur: durationUs,
			cname: colourOf(typeof extraData['cname'] === 'string' ? extraData['cname'] : kind),
			args: {
				...extraData,
				task_id: task.taskId,
				job_id: task.jobId,
				attempt_number: task.attempt,
				func_or_class_name: task.functionName,
				actor_id: task.actorId,
			},
			ph: 'X',
		};
		return {task, kind, startUs, durationUs, nodeIp, worker: component, event};
	}
}

/**
 * What Chrome's trace viewer and Perfetto read: one complete event a span, then the names of nodes and
 * workers. In pieces: a session may have millions of spans.
 */
export function* writeTimeline(reader: SessionReader, query: TaskQuery): Generator<string, void, undefined> {
	const timeline = new Timeline();
	let text = '[';
	let separator = '';
	const add = (event: TraceEvent) => {
		text += separator + JSON.stringify(event);
		separator = ', ';
	};
	for (const {event} of timeline.spans(reader, query)) {
		add(event);
		if (text.length < 65_536) continue;
		yield text;
		text = '';
	}

	for (const event of timeline.names()) add(event);
	yield `${text}]`;
}

function parseExtra(text: string): Record<string, unknown> {
	if (text === '' || text === '{}') return {};
	try {
		const value: unknown = JSON.parse(text);
		return isObject(value) ? value : {};
	} catch {
		return {};
	}
}
