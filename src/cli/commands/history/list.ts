import {z} from 'zod';

import {readJobs} from '../../../history/http/job-answers.js';
import {TASK_STATES, TASK_TYPES} from '../../../history/ingest/ray-enums.js';
import type {HistoryStore} from '../../../history/store/history-store.js';
import type {SessionReader} from '../../../history/store/session-reader.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions, wholeNumber} from '../../parse-options.js';
import {formatFlag, writeRows, type Row} from './format-rows.js';
import {chooseSession, chooseSessions, openHistory, sessionFlags} from './open-history.js';
import {parseMoment} from './parse-moment.js';
import {readTaskFilters} from './read-task-filters.js';
import {assertColumns, chooseRows, parseFilter} from './row-filters.js';

const schema = z.object({
	...sessionFlags,
	...formatFlag,
	filter: z.array(z.string()).default([]),
	since: z.string().optional(),
	limit: wholeNumber(1, 100_000_000).default(100),
	utc: z.boolean().default(false),
});

type Options = z.output<typeof schema>;

interface RowList {
	readonly columns: readonly string[];
	readonly rows: Iterable<Row>;
	/** Columns that a narrow terminal can do without, the first to go first. */
	readonly dispensable?: readonly string[];
}

const LISTS = {
	clusters: listClusters,
	sessions: listSessions,
	jobs: listJobs,
	tasks: inSession(listTasks),
	actors: inSession(listActors),
	nodes: inSession(listNodes),
	events: inSession(listEvents),
	logs: inSession(listLogs),
	summary: inSession(listSummary),
} as const;

export async function runHistoryList(
	name: keyof typeof LISTS,
	flags: unknown,
	context: Pick<CommandContext, 'stdout' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const options = parseOptions(schema, flags);
	const sinceMs = options.since === undefined ? undefined : parseMoment('since', options.since, Date.now());
	const store = await openHistory(options.db, context);
	try {
		const {columns, rows, dispensable} = LISTS[name](store, options);
		// Those of tasks are answered by the index.
		const filters = name === 'tasks' ? [] : options.filter.map(parseFilter);
		assertColumns(filters, columns);
		const chosen = chooseRows(rows, {filters, sinceMs, limit: options.limit});
		const {format, utc: isUtc} = options;
		await writeRows(columns, chosen, {format, isUtc, dispensable}, context);
	} finally {
		store.close();
	}
}

function inSession(list: (reader: SessionReader, options: Options) => RowList) {
	return (store: HistoryStore, options: Options) => list(chooseSession(store, options), options);
}

function listClusters(store: HistoryStore, options: Options): RowList {
	const clusters = new Map<string, Row & {sessions: number}>();
	for (const {cluster, firstMs, lastMs} of chooseSessions(store, options)) {
		const key = JSON.stringify(cluster);
		const known = clusters.get(key);
		clusters.set(key, {
			cluster: cluster.name,
			namespace: cluster.namespace,
			owner: [cluster.ownerKind, cluster.ownerName].filter(Boolean).join(' '),
			sessions: (known?.sessions ?? 0) + 1,
			firstMs,
			lastMs: known?.['lastMs'] ?? lastMs,
		});
	}

	return {
		columns: ['cluster', 'namespace', 'owner', 'sessions', 'firstMs', 'lastMs'],
		dispensable: ['owner', 'namespace'],
		rows: clusters.values(),
	};
}

function listSessions(store: HistoryStore, options: Options): RowList {
	return {
		columns: ['session', 'cluster', 'namespace', 'firstMs', 'lastMs', 'kept'],
		dispensable: ['namespace', 'kept'],
		rows: chooseSessions(store, options).map(session => ({
			session: session.name,
			cluster: session.cluster.name,
			namespace: session.cluster.namespace,
			firstMs: session.firstMs,
			lastMs: session.lastMs,
			kept: session.isKept,
		})),
	};
}

/** Of every session that is meant, newest first: each run of ours is one. */
function listJobs(store: HistoryStore, options: Options): RowList {
	// A name that is not there is a fault, not an empty list.
	chooseSession(store, options);
	const rows = function* () {
		for (const session of chooseSessions(store, options)) {
			for (const job of readJobs(store.read(session.id))) {
				yield {
					job: job.job_id,
					submission: job.submission_id,
					status: job.status,
					startMs: job.start_time,
					endMs: job.end_time === 0 ? null : job.end_time,
					entrypoint: job.entrypoint,
					session: session.name,
					cluster: session.cluster.name,
				};
			}
		}
	};
	return {
		columns: ['job', 'submission', 'status', 'startMs', 'endMs', 'entrypoint', 'session', 'cluster'],
		dispensable: ['session', 'endMs', 'job', 'cluster'],
		rows: rows(),
	};
}

function listTasks(reader: SessionReader, {filter}: Options): RowList {
	const rows = function* () {
		for (const row of reader.taskOutlines(readTaskFilters(filter.map(parseFilter)))) {
			yield {
				task: row.task_id,
				attempt: row.attempt,
				name: row.display_name ?? row.name,
				state: TASK_STATES[row.state],
				error: row.error_type,
				type: TASK_TYPES[row.type],
				job: row.job_id,
				node: row.node_id || null,
				createdMs: row.creation_ms,
			};
		}
	};
	return {
		columns: ['task', 'attempt', 'name', 'state', 'error', 'type', 'job', 'node', 'createdMs'],
		dispensable: ['node', 'type', 'job', 'attempt'],
		rows: rows(),
	};
}

function listActors(reader: SessionReader): RowList {
	return {
		columns: ['actor', 'class', 'name', 'state', 'restarts', 'job', 'node', 'pid', 'startMs', 'endMs'],
		dispensable: ['node', 'pid', 'job', 'endMs', 'restarts'],
		rows: mapEach(reader.eachEntity('actor'), actor => ({
			actor: actor.actorId,
			class: actor.className,
			name: actor.name,
			state: actor.state,
			restarts: actor.restarts,
			job: actor.jobId,
			node: actor.nodeId,
			pid: actor.pid,
			startMs: actor.startMs,
			endMs: actor.endMs,
		})),
	};
}

function listNodes(reader: SessionReader): RowList {
	return {
		columns: ['node', 'ip', 'host', 'state', 'reason', 'startMs', 'endMs'],
		dispensable: ['host', 'endMs'],
		rows: reader.entities('node').map(node => ({
			node: node.nodeId,
			ip: node.ip,
			host: node.hostname,
			state: node.state,
			reason: node.deathMessage,
			startMs: node.startMs,
			endMs: node.endMs,
		})),
	};
}

function listEvents(reader: SessionReader): RowList {
	return {
		columns: ['createdMs', 'severity', 'source', 'job', 'message'],
		dispensable: ['job', 'source'],
		rows: reader.logEvents().map(({json, jobId, timestamp}) => {
			const event = JSON.parse(json) as Row;
			return {
				createdMs: Number(timestamp) * 1000,
				severity: event['severity'],
				source: event['source_type'],
				job: jobId,
				message: event['message'],
			};
		}),
	};
}

function listLogs(reader: SessionReader): RowList {
	return {
		columns: ['node', 'file', 'bytes'],
		rows: reader
			.logFiles()
			.map(({nodeId, path, sizeBytes}) => ({node: nodeId, file: path, bytes: sizeBytes})),
	};
}

function listSummary(reader: SessionReader): RowList {
	return {
		columns: ['name', 'type', 'state', 'count'],
		rows: reader.groupTasks({filters: [], excludesDrivers: true}).map(({name, type, state, count}) => ({
			name,
			type: TASK_TYPES[type],
			state: TASK_STATES[state],
			count,
		})),
	};
}

function* mapEach<Value>(values: Iterable<Value>, toRow: (value: Value) => Row): Generator<Row> {
	for (const value of values) yield toRow(value);
}
