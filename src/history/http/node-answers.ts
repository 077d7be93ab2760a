import type {NodeRecord, WorkerRecord} from '../ingest/entity-records.js';
import {STATE_RUNNING} from '../ingest/ray-enums.js';
import type {LogFile} from '../store/history-types.js';
import {firstSet, isObject, toMilliseconds, type JsonObject} from '../ingest/wire-values.js';
import type {SessionReader} from '../store/session-reader.js';
import {answerResult, type HistoryAnswer} from './answer.js';
import {describeActor, readNodes, readPlaces, wasAtNode} from './actor-answers.js';
import {toGoogleStyle} from './google-style.js';
import {assertIds, assertState, keyOf, readListOptions, type ListFilter} from './list-options.js';
import {readPolledNodeRows} from './polled-entities.js';
import type {HistoryRequest} from './request.js';
import {answerStateList, type StateColumn, type StateRow} from './state-list.js';
import {readTaskState} from './task-json.js';

/** `GET /nodes?view=summary|hostNameList` */
export function answerNodes(reader: SessionReader, {query}: HistoryRequest): HistoryAnswer {
	const view = query.get('view');
	if (view === 'summary') return answerNodeSummary(reader);
	// The head takes this one in any case.
	if (view?.toLowerCase() !== 'hostnamelist') {
		return answerResult(`Unknown view ${view ?? 'None'}`, {}, 500);
	}

	const nodes = reader.entities('node');
	const alive = nodes.filter(({state}) => state === 'ALIVE');
	return answerResult('Node hostname list fetched.', {
		hostNameList: [...new Set((alive.length > 0 ? alive : nodes).map(({hostname}) => hostname))],
	});
}

function answerNodeSummary(reader: SessionReader): HistoryAnswer {
	const polled = readPolledSummary(reader);
	const counts = reader.countTasksByNode();
	const nodes = reader.entities('node');
	return answerResult('Node summary fetched.', {
		summary: [
			...nodes.map(node => polled.nodes.get(node.nodeId) ?? describeNode(node, counts.get(node.nodeId) ?? 0)),
			// Nodes that only a poll knows.
			...[...polled.nodes].filter(([id]) => !nodes.some(node => node.nodeId === id)).map(([, node]) => node),
		],
		nodeLogicalResources: {
			...Object.fromEntries(
				nodes
					.filter(({state}) => state === 'ALIVE')
					.map(node => [node.nodeId, describeLogicalResources(node)]),
			),
			...polled.logicalResources,
		},
	});
}

/** `GET /nodes/{id}` */
export function answerNode(reader: SessionReader, nodeId: string): HistoryAnswer {
	const node = reader.entity('node', nodeId);
	const polled = readPolledSummary(reader).nodes.get(nodeId);
	if (node === undefined && polled === undefined) {
		return answerResult('Node details fetched.', {
			detail: {
				raylet: {objectStoreUsedMemory: 0, objectStoreAvailableMemory: 0, stateMessage: null},
				tpus: [],
				actors: {},
				workers: [],
			},
		});
	}

	const places = readPlaces(reader);
	const actors = reader.entities('actor').filter(actor => wasAtNode(actor, nodeId, places));
	const summary = polled ?? describeNode(node!, reader.countTasksByNode().get(nodeId) ?? 0);
	return answerResult('Node details fetched.', {
		detail: {
			...summary,
			actors: Object.fromEntries(
				actors.map(actor => [actor.actorId, toGoogleStyle(describeActor(actor, places))]),
			),
			workers: describeWorkers(reader, nodeId),
		},
	});
}

function readPolledSummary(reader: SessionReader): {
	readonly nodes: ReadonlyMap<string, JsonObject>;
	readonly logicalResources: JsonObject;
} {
	const snapshot = reader.snapshot('/nodes', query => query.get('view') === 'summary');
	const data = snapshot === undefined ? {} : readData(snapshot.body);
	const summary = Array.isArray(data['summary']) ? data['summary'].filter(isObject) : [];
	return {
		nodes: new Map(
			summary.flatMap(node => {
				const id = isObject(node['raylet']) ? node['raylet']['nodeId'] : undefined;
				return typeof id === 'string' ? [[id, node] as const] : [];
			}),
		),
		logicalResources: isObject(data['nodeLogicalResources']) ? data['nodeLogicalResources'] : {},
	};
}

function readData(body: string): JsonObject {
	const value: unknown = JSON.parse(body);
	return isObject(value) && isObject(value['data']) ? value['data'] : {};
}

/** A node without its hardware: figures are 0, and its number of workers is how many tasks ran there. */
function describeNode(node: NodeRecord, tasks: number): JsonObject {
	return {
		now: node.endMs / 1000,
		hostname: node.hostname,
		ip: node.ip,
		cpu: 0,
		cpus: [0, 0],
		mem: [0, 0, 0, 0],
		hostMem: [0, 0],
		cgroupMem: [0, 0],
		shm: 0,
		bootTime: 0,
		loadAvg: [
			[0, 0, 0],
			[0, 0, 0],
		],
		disk: {'/': {total: 0, used: 0, free: 0, percent: 0}},
		diskIo: [0, 0, 0, 0],
		diskIoSpeed: [0, 0, 0, 0],
		gpus: [],
		tpus: [],
		network: [0, 0],
		networkSpeed: [0, 0],
		cmdline: [],
		gcs: null,
		agent: null,
		raylet: {
			coreWorkersStats: [],
			numWorkers: tasks,
			storeStats: {
				objectStoreBytesUsed: '0',
				objectStoreBytesAvail: '0',
				objectStoreBytesPrimaryCopy: '0',
				numLocalObjects: '0',
				numObjectStorePrimaryCopies: '0',
				cumulativeCreatedObjects: '0',
				cumulativeCreatedBytes: '0',
			},
			objectStoreUsedMemory: 0,
			objectStoreAvailableMemory: 0,
			nodeId: node.nodeId,
			...describeIdentity(node),
			endTimeMs: String(node.endMs),
			stateSnapshot: {state: 'UNDEFINED', idleDurationMs: '0', nodeActivity: []},
			...(node.state === 'DEAD'
				? {deathInfo: {reason: node.deathReason || 'UNSPECIFIED', reasonMessage: node.deathMessage}}
				: {}),
			stateMessage: describeDeath(node),
		},
	};
}

/** When a node has died the head is left with its id and why. */
function describeIdentity(node: NodeRecord): JsonObject {
	const isAlive = node.state === 'ALIVE';
	return {
		nodeManagerAddress: isAlive ? node.ip : '',
		nodeManagerHostname: isAlive ? node.hostname : '',
		state: node.state,
		nodeName: isAlive ? node.name : '',
		instanceId: node.instanceId,
		instanceTypeName: node.instanceTypeName,
		isHeadNode: isHead(node),
		resourcesTotal: isAlive ? toGoogleStyle(node.resources) : {},
		labels: isAlive ? node.labels : {},
		startTimeMs: isAlive ? String(node.startMs) : '0',
	};
}

function describeWorkers(reader: SessionReader, nodeId: string): readonly JsonObject[] {
	const ip = reader.entity('node', nodeId)?.ip ?? '';
	return reader
		.entities('worker')
		.filter(worker => worker.nodeId === nodeId && worker.isAlive)
		.map(worker => ({
			pid: worker.pid,
			createTime: worker.startMs / 1000,
			cpuPercent: 0,
			cpuTimes: {user: 0, system: 0, childrenUser: 0, childrenSystem: 0},
			cmdline: [],
			memoryInfo: {rss: 0, vms: 0},
			memoryFullInfo: null,
			coreWorkerStats: [{workerId: worker.workerId, pid: worker.pid, ipAddress: ip, jobId: worker.jobId}],
			language: 'PYTHON',
			jobId: worker.jobId,
		}));
}

export function isHead({resources}: NodeRecord): boolean {
	return 'node:__internal_head__' in resources;
}

const REASONS: Readonly<Record<string, string>> = {
	EXPECTED_TERMINATION: 'Expected termination',
	UNEXPECTED_TERMINATION: 'Unexpected termination',
	AUTOSCALER_DRAIN_PREEMPTED: 'Terminated due to preemption',
	AUTOSCALER_DRAIN_IDLE: 'Terminated due to idle (no Ray activity)',
};

function describeDeath({deathReason, deathMessage}: NodeRecord): string | null {
	const reason = REASONS[deathReason];
	if (deathMessage === '') return reason ?? null;
	return reason === undefined ? deathMessage : `${reason}: ${deathMessage}`;
}

const GIBIBYTE = 1024 ** 3;

/** Nothing is in use on a cluster that is gone. */
export function describeLogicalResources({resources}: NodeRecord): string {
	return Object.keys(resources)
		.filter(name => !name.startsWith('node:') && !name.includes('_group_'))
		.sort()
		.map(name =>
			['memory', 'object_store_memory'].includes(name)
				? `0B/${formatMemory(resources[name]!)} ${name}`
				: `0.0/${formatAmount(resources[name]!)} ${name}`,
		)
		.join('\n');
}

export function formatMemory(bytes: number): string {
	if (bytes >= GIBIBYTE) return `${(bytes / GIBIBYTE).toFixed(2)}GiB`;
	if (bytes >= 1024 ** 2) return `${(bytes / 1024 ** 2).toFixed(2)}MiB`;
	if (bytes >= 1024) return `${(bytes / 1024).toFixed(2)}KiB`;
	return `${bytes}B`;
}

/** As Python prints a float. */
export function formatAmount(amount: number): string {
	return Number.isInteger(amount) ? `${amount}.0` : String(amount);
}

const NODE_COLUMNS: readonly StateColumn[] = [
	{name: 'node_id', isFilterable: true},
	{name: 'node_ip', isFilterable: true},
	{name: 'is_head_node', isFilterable: true, type: 'boolean'},
	{name: 'state', isFilterable: true},
	{name: 'state_message'},
	{name: 'node_name', isFilterable: true},
	{name: 'resources_total'},
	{name: 'labels'},
	{name: 'start_time_ms', isDetail: true},
	{name: 'end_time_ms', isDetail: true},
];

/** `GET /api/v0/nodes` */
export function answerNodeList(reader: SessionReader, {query}: HistoryRequest): HistoryAnswer {
	const options = readListOptions(query);
	const reported = reader.entities('node').map((node): StateRow => ({
		node_id: node.nodeId,
		node_ip: node.ip,
		is_head_node: isHead(node),
		state: node.state,
		state_message: describeDeath(node),
		node_name: node.name,
		resources_total: node.resources,
		labels: node.labels,
		start_time_ms: node.startMs,
		end_time_ms: node.endMs,
	}));
	const rows = reported.length > 0 ? reported : readPolledNodeRows(reader);
	assertIds(
		options.filters.filter(({isNegated}) => !isNegated),
		{node_id: 28},
	);
	assertState(options.filters, 'node', ['ALIVE', 'DEAD']);
	return answerStateList(rows, NODE_COLUMNS, options, {
		total: rows.length,
		afterTruncation: rows.filter(row => isFoundAtSource(row, options.filters)).length,
	});
}

/**
 * What the head's own source leaves out, it counts as cut off. It takes any of the nodes that are named, and the
 * last of the states.
 */
function isFoundAtSource(row: StateRow, filters: readonly ListFilter[]): boolean {
	const wanted = (key: string) =>
		filters.filter(filter => keyOf(filter) === key && !filter.isNegated).map(({value}) => value);
	const [ids, names, state] = [wanted('node_id'), wanted('node_name'), wanted('state').at(-1)];
	const isNamed =
		ids.some(id => id.toLowerCase() === row['node_id']) || names.some(name => name === row['node_name']);
	return (
		(isNamed || ids.length + names.length === 0) &&
		(state === undefined || state.toUpperCase() === row['state'])
	);
}

const WORKER_COLUMNS: readonly StateColumn[] = [
	{name: 'worker_id', isFilterable: true},
	{name: 'is_alive', isFilterable: true, type: 'boolean'},
	{name: 'worker_type', isFilterable: true},
	{name: 'exit_type', isFilterable: true, isOptional: true},
	{name: 'node_id', isFilterable: true},
	{name: 'ip', isFilterable: true},
	{name: 'pid', isFilterable: true, type: 'integer'},
	{name: 'exit_detail', isDetail: true},
	{name: 'worker_launch_time_ms', isDetail: true},
	{name: 'worker_launched_time_ms', isDetail: true},
	{name: 'start_time_ms', isDetail: true},
	{name: 'end_time_ms', isDetail: true},
	{name: 'debugger_port', isDetail: true, isFilterable: true, isOptional: true},
	{name: 'num_paused_threads', isDetail: true, isFilterable: true, isOptional: true},
];

/** `GET /api/v0/workers` */
export function answerWorkers(reader: SessionReader, {query}: HistoryRequest): HistoryAnswer {
	const nodes = readNodes(reader);
	const workers = new Map(
		[...readDrivers(reader), ...reader.entities('worker')].map(worker => [worker.workerId, worker]),
	);
	const sorted = [...workers.values()].sort((a, b) => (a.workerId < b.workerId ? -1 : 1));
	const rows = sorted.map((worker): StateRow => ({
		worker_id: worker.workerId,
		is_alive: worker.isAlive,
		worker_type: worker.type,
		exit_type: worker.exitType || null,
		node_id: worker.nodeId,
		ip: nodes.get(worker.nodeId)?.ip ?? '',
		pid: worker.pid,
		exit_detail: worker.exitDetail || null,
		worker_launch_time_ms: Number(worker.launchMs),
		worker_launched_time_ms: Number(worker.launchedMs),
		start_time_ms: worker.startMs,
		end_time_ms: worker.endMs,
		debugger_port: null,
		num_paused_threads: null,
	}));
	const options = readListOptions(query);
	// In these very words the head's source looks for them itself, and counts the others as cut off.
	const isAskedFor = (column: string, isNegated: boolean, value: string) =>
		options.filters.some(
			filter => keyOf(filter) === column && filter.isNegated === isNegated && filter.value === value,
		);
	const isForAlive = isAskedFor('is_alive', false, 'True');
	// No event says which threads are held in a debugger.
	const isForPaused = isAskedFor('num_paused_threads', true, '0');
	const answer = answerStateList(rows, WORKER_COLUMNS, options, {
		total: rows.length,
		afterTruncation: isForPaused
			? 0
			: isForAlive
				? sorted.filter(({isAlive}) => isAlive).length
				: rows.length,
	});
	// Written with all its digits: as a number it is rounded up.
	return {...answer, body: answer.body.replaceAll(`:${Number(UNKNOWN_MS)}`, `:${UNKNOWN_MS}`)};
}

/** Where Ray does not know a time it has the greatest number there is. */
const UNKNOWN_MS = '18446744073709551615';

/** Drivers are workers too, but no event says so: they are known by their tasks, jobs and log files. */
function readDrivers(reader: SessionReader): readonly WorkerRecord[] {
	const files = new Map<string, LogFile>();
	for (const file of reader.logFiles()) {
		const jobId = /^python-core-driver-([\da-f]{8})f+_\d+\.log$/.exec(file.path)?.[1];
		if (jobId !== undefined) files.set(jobId, file);
	}

	const tasks = reader.tasks({
		filters: [{column: 'type', isNegated: false, value: 'DRIVER_TASK'}],
		excludesDrivers: false,
	});
	const crashed = readCrashedDrivers(reader);
	return [...tasks].map((row): WorkerRecord => {
		const {jobId, detail} = readTaskState(row, reader.shape(row.shape_id));
		const job = reader.entity('job', jobId);
		const file = files.get(jobId);
		const isAlive = job?.isFinished !== true;
		return {
			workerId: jobId.padEnd(56, 'f'),
			nodeId: firstSet(job?.driverNodeId, file?.nodeId) ?? '',
			jobId,
			pid: Number(job?.driverPid ?? /_(\d+)\.log$/.exec(file?.path ?? '')?.[1] ?? 0),
			type: 'DRIVER',
			isAlive,
			launchMs: UNKNOWN_MS,
			launchedMs: UNKNOWN_MS,
			startMs: toMilliseconds(detail.states.find(([state]) => state === STATE_RUNNING)?.[1] ?? '0'),
			endMs: isAlive ? 0 : job.endMs,
			...(isAlive ? {exitType: '', exitDetail: ''} : crashed.has(jobId) ? CRASH : SHUTDOWN),
		};
	});
}

const SHUTDOWN = {exitType: 'INTENDED_USER_EXIT', exitDetail: 'Shutdown by ray.shutdown().'};

/** The head's own words for every process that is gone without a farewell. */
const CRASH = {
	exitType: 'SYSTEM_ERROR',
	exitDetail:
		'Worker unexpectedly exits with a connection error code 2. End of file. Some common causes include: (1) the process was killed by the OOM killer due to high memory usage, (2) ray stop --force was called, or (3) the worker crashed unexpectedly due to SIGSEGV or another unexpected error. If the process was killed by the kernel OOM killer (verifiable by checking for OOM in dmesg of the OOMing node), consider enabling resource isolation via --enable-resource-isolation to prevent node deaths by resource contention and significant loss of progress by uninformed kernel OOM killing.',
};

/** Ids of jobs whose driver did not take its leave: its raylet noted it in `events/event_RAYLET.log`. */
function readCrashedDrivers(reader: SessionReader): ReadonlySet<string> {
	const lines = reader.logEvents().filter(({json}) => json.includes('"RAY_DRIVER_FAILURE"'));
	return new Set(lines.map(({jobId}) => jobId));
}
