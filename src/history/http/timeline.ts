import type {SessionReader} from '../store/session-reader.js';
import type {TaskQuery} from '../store/task-query.js';
import {isObject} from '../ingest/wire-values.js';
import {readTaskState} from './task-json.js';

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

/**
 * What Chrome's trace viewer and Perfetto read: one complete event a span, times in microseconds, then the
 * names of nodes ("processes") and workers ("threads"). In pieces: a session may have millions of spans.
 */
export function* writeTimeline(reader: SessionReader, query: TaskQuery): Generator<string, void, undefined> {
	const nodes = new Map<string, number>();
	const workers = new Map<string, {readonly node: number; readonly index: number; readonly name: string}>();
	let text = '[';
	let separator = '';
	const add = (event: unknown) => {
		text += separator + JSON.stringify(event);
		separator = ', ';
	};
	for (const row of reader.tasks(query)) {
		const task = readTaskState(row, reader.shape(row.shape_id));
		const [type, id, ip] = task.detail.component ?? ['', '', ''];
		if (type !== 'worker' && type !== 'driver') continue;
		for (const [start, end, name, extra] of task.detail.spans.slice(-1000)) {
			const node = nodes.get(ip) ?? nodes.size;
			nodes.set(ip, node);
			const component = `${type}:${id}`;
			const key = `${node} ${component}`;
			const worker = workers.get(key) ?? {node, index: workers.size, name: component};
			workers.set(key, worker);
			// Each step rounds as Python's does.
			const startUs = (Number(start) / 1e6) * 1e3;
			const extraData = parseExtra(extra);
			add({
				cat: name,
				name: typeof extraData['name'] === 'string' ? extraData['name'] : name,
				pid: node,
				tid: worker.index,
				ts: startUs,
				dur: (Number(end) / 1e6) * 1e3 - startUs,
				cname: colourOf(typeof extraData['cname'] === 'string' ? extraData['cname'] : name),
				args: {
					...extraData,
					task_id: task.taskId,
					job_id: task.jobId,
					attempt_number: task.attempt,
					func_or_class_name: task.functionName,
					actor_id: task.actorId,
				},
				ph: 'X',
			});
		}

		if (text.length >= 65_536) {
			yield text;
			text = '';
		}
	}

	for (const [ip, pid] of nodes)
		add({name: 'process_name', args: {name: `Node ${ip}`}, pid, tid: null, ph: 'M'});
	for (const {name, node, index} of workers.values()) {
		add({name: 'thread_name', args: {name}, pid: node, tid: index, ph: 'M'});
	}

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
