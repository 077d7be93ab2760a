import {isObject, readObject, readObjects, type JsonObject} from '../../src/history/ingest/wire-values.js';
import type {Recording} from './compare-answers.js';
import type {RayCluster} from './real-ray.js';

const FILTERS: readonly (readonly [string, string, string])[] = [
	['state', '=', 'FAILED'],
	['state', '=', 'failed'],
	['state', '!=', 'FINISHED'],
	['name', '=', 'SQUARE'],
	['name', '!=', 'square'],
	['name', '=', 'a square of its own'],
	['func_or_class_name', '=', 'Counter.add'],
	['type', '=', 'actor_task'],
	['type', '!=', 'NORMAL_TASK'],
	['error_type', '=', 'TASK_EXECUTION_EXCEPTION'],
	['error_type', '!=', 'WORKER_DIED'],
	['attempt_number', '=', '1'],
	['attempt_number', '!=', '0'],
	['attempt_number', '=', 'one'],
	['worker_pid', '=', '1'],
	['placement_group_id', '!=', ''],
	['parent_task_id', '!=', 'x'],
	['job_id', '=', 'zz'],
	['job_id', '=', '0101'],
	['task_id', '=', 'ab'],
	['actor_id', '=', 'zz'],
	['actor_id', '!=', 'ab'],
	['state', '=', 'gone'],
	['no_such_column', '=', 'x'],
	['state', '>', 'x'],
];

const LIST_FILTERS: Readonly<Record<string, readonly (readonly [string, string, string])[]>> = {
	actors: [
		['state', '=', 'DEAD'],
		['state', '=', 'gone'],
		['state', '!=', 'gone'],
		['job_id', '=', 'zz'],
		['job_id', '=', '0101'],
		['actor_id', '=', 'ff'],
		['actor_id', '!=', 'ff'],
		['job_id', '=', 'abc'],
		['class_name', '!=', 'counter'],
		['name', '=', 'FIRST'],
		['pid', '=', '0'],
		['pid', '!=', '0'],
		['repr_name', '=', ''],
		['ray_namespace', '=', 'tour'],
		['is_detached', '=', 'true'],
		['node_id', '!=', 'x'],
		['placement_group_id', '!=', 'x'],
	],
	jobs: [
		['status', '=', 'FAILED'],
		['type', '!=', 'DRIVER'],
		['entrypoint', '=', 'x'],
	],
	nodes: [
		['state', '=', 'alive'],
		['state', '=', 'gone'],
		['node_id', '=', 'zz'],
		['node_id', '=', 'ab'],
		['node_name', '=', 'none'],
		['is_head_node', '=', 'True'],
		['is_head_node', '=', 'perhaps'],
		['node_ip', '!=', '127.0.0.1'],
	],
	workers: [
		['is_alive', '=', 'false'],
		['is_alive', '=', 'True'],
		['is_alive', '!=', 'True'],
		['num_paused_threads', '!=', '0'],
		['worker_type', '=', 'driver'],
		['exit_type', '!=', 'INTENDED_USER_EXIT'],
		['debugger_port', '!=', '1'],
		['num_paused_threads', '=', '0'],
		['pid', '=', 'none'],
	],
	placement_groups: [
		['state', '=', 'CREATED'],
		['name', '!=', 'PAIR'],
		['is_detached', '=', 'False'],
	],
};

/** What does not depend on what ran. */
const FIXED: readonly string[] = [
	'/api/version',
	'/timezone',
	'/api/v0/cluster_metadata',
	'/api/cluster_status?format=1',
	'/api/cluster_status',
	'/api/grafana_health',
	'/api/prometheus_health',
	'/usage_stats_enabled',
	'/api/component_activities',
	'/api/v0/runtime_env_redaction',
	'/api/profiling_enabled',
	'/api/authentication_mode',
	'/api/v0/platform_events',
	'/nodes?view=summary',
	'/nodes?view=hostNameList',
	'/nodes?view=details',
	'/nodes',
	'/api/jobs/',
	'/api/jobs',
	'/api/jobs/nosuchjob',
	'/logical/actors',
	`/logical/actors/${'0'.repeat(32)}`,
	`/nodes/${'0'.repeat(56)}`,
	'/events',
	'/api/v0/tasks',
	'/api/v0/tasks?detail=1&limit=10000',
	'/api/v0/tasks?detail=1&limit=10000&exclude_driver=false',
	'/api/v0/tasks?limit=20000',
	'/api/v0/tasks?detail=1&limit=0',
	'/api/v0/tasks?filter_keys=state',
	'/api/v0/tasks/summarize',
	'/api/v0/tasks/summarize?summary_by=lineage',
	'/api/v0/tasks/timeline',
	'/api/v0/tasks/timeline?job_id=zz',
	'/api/v0/tasks/timeline?job_id=ffffff7f',
	`/api/v0/tasks/summarize?${formatFilters(['job_id', '=', 'zz'])}`,
	'/api/v0/tasks/summarize?summary_by=nothing',
	`/api/v0/actors/summarize?${formatFilters(['state', '=', 'gone'])}`,
	`/api/v0/actors/summarize?${formatFilters(['nothing', '=', 'gone'])}`,
	'/api/v0/tasks/',
	'/api/jobs/nosuchjob/logs',
	'/api/v0/logs',
	'/api/v0/actors',
	'/api/v0/actors?detail=1&limit=10000',
	'/api/v0/actors/summarize',
	'/api/v0/jobs?detail=1&limit=10000',
	'/api/v0/nodes?detail=1&limit=10000',
	'/api/v0/workers?detail=1&limit=10000',
	'/api/v0/placement_groups?detail=1&limit=10000',
	'/api/v0/placement_groups',
	'/api/v0/objects?limit=100',
	'/api/v0/runtime_envs?limit=100',
	'/api/v0/logs/file',
	'/api/nosuch',
];

/** What the head loads another part of itself for: a driver, which is a job and a worker from then on. */
const LOADING: readonly string[] = [
	'/api/serve/applications/',
	'/api/data/datasets/ffffff00',
	'/api/train/v2/runs/v1',
];

/** Asks once for what changes the head by being asked. */
export async function settleHead(cluster: RayCluster): Promise<readonly Recording[]> {
	return record(cluster, LOADING);
}

/** Asks the head for everything that we answer, and keeps what it said. */
export async function recordHead(cluster: RayCluster): Promise<readonly Recording[]> {
	// The last adds a member to what `/events` answers from then on.
	return record(cluster, [...(await listAddresses(cluster)), '/api/v0/cluster_events?limit=1000']);
}

/** Asks for each address, one after the other. */
export async function record(cluster: RayCluster, paths: readonly string[]): Promise<readonly Recording[]> {
	const recordings: Recording[] = [];
	for (const path of paths) {
		const {status, headers, body} = await cluster.ask(path);
		recordings.push({
			path,
			status,
			contentType: String(headers['content-type']),
			isFile: headers['content-disposition'] !== undefined,
			body,
		});
	}

	return recordings;
}

async function listAddresses(cluster: RayCluster): Promise<readonly string[]> {
	const [nodes, jobs, actors, tasks] = await Promise.all([
		readRows(cluster, '/api/v0/nodes?limit=10000'),
		cluster.askJson('/api/jobs/').then(readObjects),
		readRows(cluster, '/api/v0/actors?detail=1&limit=10000'),
		readRows(cluster, '/api/v0/tasks?detail=1&limit=10000'),
	]);
	const jobIds = jobs.map(job => job['job_id']).filter(id => typeof id === 'string');
	const submissionIds = jobs.map(job => job['submission_id']).filter(id => typeof id === 'string');
	const nodeIds = nodes.map(node => String(node['node_id']));
	return [
		...FIXED,
		...FILTERS.map(filter => `/api/v0/tasks?detail=1&limit=10000&${formatFilters(filter)}`),
		`/api/v0/tasks?detail=1&limit=10000&${formatFilters(['state', '=', 'FINISHED'], ['type', '=', 'ACTOR_TASK'])}`,
		`/api/v0/tasks/summarize?${formatFilters(['state', '=', 'FAILED'])}`,
		...Object.entries(LIST_FILTERS).flatMap(([list, filters]) =>
			filters.map(filter => `/api/v0/${list}?detail=1&${formatFilters(filter)}`),
		),
		...Object.keys(LIST_FILTERS).flatMap(list =>
			// Of several jobs without a driver the first is that of a hash table.
			[
				...(list === 'jobs' ? [] : ['limit=1']),
				'limit=0',
				'limit=-1',
				'limit=many',
				'detail=maybe',
				'timeout=soon',
			].map(option => `/api/v0/${list}?${option}`),
		),
		`/api/v0/actors/summarize?${formatFilters(['state', '!=', 'DEAD'])}`,
		`/logical/actors?ids=${String(actors[0]?.['actor_id'])},${'0'.repeat(32)}`,
		...submissionIds.map(id => `/api/v0/logs/file?submission_id=${id}`),
		'/api/v0/logs?node_ip=127.0.0.1',
		'/api/v0/logs?node_ip=127.0.0.9',
		'/api/v0/logs/file?node_ip=127.0.0.1&filename=nosuch.log',
		...nodeIds.flatMap((id, index) => [
			`/nodes/${id}`,
			...['', '&glob=worker*', '&glob=events/*'].map(glob => `/api/v0/logs?node_id=${id}${glob}`),
			`/api/v0/logs/file?node_id=${id}&filename=nosuch.log`,
			...pickPids(tasks, id).map(pid => `/api/v0/logs/file?node_id=${id}&pid=${pid}&suffix=err`),
			...(index > 0 ? [] : submissionIds).flatMap(submission => [
				...['', '&lines=3', '&lines=-1'].map(
					lines => `/api/v0/logs/file?node_id=${id}&filename=job-driver-${submission}.log${lines}`,
				),
			]),
		]),
		...jobIds.flatMap(id => [
			`/api/jobs/${id}`,
			`/api/jobs/${id}/logs`,
			`/events?job_id=${id}`,
			`/api/v0/tasks?detail=1&limit=10000&${formatFilters(['job_id', '=', id])}`,
			`/api/v0/tasks/summarize?${formatFilters(['job_id', '=', id])}`,
			`/api/v0/tasks/summarize?summary_by=lineage&${formatFilters(['job_id', '=', id])}`,
			`/api/v0/tasks/timeline?job_id=${id}`,
			`/api/v0/placement_groups?detail=1&limit=10000&${formatFilters(['creator_job_id', '=', id])}`,
		]),
		...submissionIds.flatMap(id => [`/api/jobs/${id}`, `/api/jobs/${id}/logs`]),
		...actors.flatMap(({actor_id: id}) => [
			`/logical/actors/${String(id)}`,
			...['out', 'err'].map(suffix => `/api/v0/logs/file?actor_id=${String(id)}&suffix=${suffix}&lines=100`),
		]),
		...pickTasks(tasks).flatMap(({task_id: id, attempt_number: attempt}) => [
			...['out', 'err'].map(
				suffix =>
					`/api/v0/logs/file?task_id=${String(id)}&attempt_number=${String(attempt)}&suffix=${suffix}`,
			),
			`/api/v0/logs/file?task_id=${String(id)}&lines=1`,
			`/api/v0/tasks?detail=1&${formatFilters(['task_id', '=', String(id)])}`,
		]),
	];
}

async function readRows(cluster: RayCluster, path: string): Promise<readonly JsonObject[]> {
	let value = await cluster.askJson(path);
	for (const member of ['data', 'result', 'result']) value = readObject(value)[member];
	return Array.isArray(value) ? value.filter(isObject) : [];
}

/** One of each kind of end. */
function pickTasks(tasks: readonly JsonObject[]): readonly JsonObject[] {
	const kinds = new Map(
		tasks.map(task => [
			['func_or_class_name', 'state', 'attempt_number', 'error_type', 'job_id']
				.map(name => String(task[name]))
				.join(' '),
			task,
		]),
	);
	return [...kinds.values()];
}

/** Of two workers of a node. */
function pickPids(tasks: readonly JsonObject[], nodeId: string): readonly string[] {
	const pids = tasks
		.filter(task => task['node_id'] === nodeId && task['worker_pid'] !== null)
		.map(task => String(task['worker_pid']));
	return [...new Set(pids)].slice(0, 2);
}

function formatFilters(...filters: readonly (readonly [string, string, string])[]): string {
	const query = new URLSearchParams();
	for (const [key, predicate, value] of filters) {
		query.append('filter_keys', key);
		query.append('filter_predicates', predicate);
		query.append('filter_values', value);
	}

	return query.toString();
}
