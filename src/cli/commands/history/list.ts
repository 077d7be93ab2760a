import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {readJobs} from '../../../history/http/job-answers.js';
import {readTaskQuery} from '../../../history/http/task-answers.js';
import {BadRequestError} from '../../../history/http/request.js';
import {TASK_STATES, TASK_TYPES} from '../../../history/ingest/ray-enums.js';
import type {HistoryStore} from '../../../history/store/history-store.js';
import type {SessionReader} from '../../../history/store/session-reader.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions, wholeNumber} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {formatFlag, formatRows, type Row} from './format-rows.js';
import {chooseSession, chooseSessions, openHistory, sessionFlags} from './open-history.js';
import {parseMoment} from './parse-moment.js';

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
}

const LISTS = {
	clusters: listClusters,
	sessions: listSessions,
	jobs: inSession(listJobs),
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
		const {columns, rows} = LISTS[name](store, options);
		const filters = name === 'tasks' ? [] : options.filter.map(parseFilter);
		const shown: Row[] = [];
		for (const row of rows) {
			const startMs = row['startMs'] ?? row['firstMs'] ?? row['createdMs'];
			if (sinceMs !== undefined && (typeof startMs !== 'number' || startMs < sinceMs)) continue;
			if (filters.every(filter => passes(row, filter, columns)) && shown.push(row) >= options.limit) break;
		}

		const width = context.stdout.isTTY === true ? context.stdout.columns : undefined;
		const text = formatRows(columns, shown, {format: options.format, isUtc: options.utc, width});
		await writeText(context.stdout, text, context.signal);
	} finally {
		store.close();
	}
}

function inSession(list: (reader: SessionReader, options: Options) => RowList) {
	return (store: HistoryStore, options: Options) => list(chooseSession(store, options), options);
}

interface RowFilter {
	readonly column: string;
	readonly isNegated: boolean;
	readonly value: string;
}

/** @throws {InfinisstError} `OPTION_INVALID`. */
function parseFilter(text: string): RowFilter {
	const [, column, predicate, value] = /^(\w+)(!?=)(.*)$/s.exec(text) ?? [];
	if (column === undefined) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`--filter must be column=value or column!=value, not ${JSON.stringify(text)}`,
		);
	}

	return {column, isNegated: predicate === '!=', value: value!};
}

function passes(row: Row, {column, isNegated, value}: RowFilter, columns: readonly string[]): boolean {
	if (!columns.includes(column)) {
		throw new InfinisstError('OPTION_INVALID', `There is no column ${column} here`, {
			hint: `There are: ${columns.join(', ')}.`,
		});
	}

	const actual = row[column];
	const text = typeof actual === 'string' ? actual : JSON.stringify(actual ?? '');
	return (text.toLowerCase() === value.toLowerCase()) !== isNegated;
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
		rows: clusters.values(),
	};
}

function listSessions(store: HistoryStore, options: Options): RowList {
	return {
		columns: ['session', 'cluster', 'namespace', 'firstMs', 'lastMs', 'kept'],
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

function listJobs(reader: SessionReader): RowList {
	return {
		columns: ['job', 'submission', 'status', 'startMs', 'endMs', 'entrypoint'],
		rows: readJobs(reader).map(job => ({
			job: job.job_id,
			submission: job.submission_id,
			status: job.status,
			startMs: job.start_time,
			endMs: job.end_time,
			entrypoint: job.entrypoint,
		})),
	};
}

/** Filters of tasks have the names of Ray's columns and are answered by the index. */
function listTasks(reader: SessionReader, {filter}: Options): RowList {
	const rows = function* () {
		for (const row of reader.tasks(readQuery(filter))) {
			yield {
				task: row.task_id.toString('hex'),
				attempt: row.attempt,
				name: row.display_name ?? row.name,
				state: TASK_STATES[row.state],
				error: row.error_type,
				type: TASK_TYPES[row.type],
				job: row.job_id.toString('hex'),
				node: row.node_id?.toString('hex') ?? null,
				createdMs: row.creation_ms,
			};
		}
	};
	return {
		columns: ['task', 'attempt', 'name', 'state', 'error', 'type', 'job', 'node', 'createdMs'],
		rows: rows(),
	};
}

function readQuery(filters: readonly string[]) {
	try {
		return readTaskQuery(filters.map(parseFilter), true);
	} catch (error) {
		if (!(error instanceof BadRequestError)) throw error;
		throw new InfinisstError('OPTION_INVALID', error.message, {cause: error});
	}
}

function listActors(reader: SessionReader): RowList {
	return {
		columns: ['actor', 'class', 'name', 'state', 'restarts', 'job', 'node', 'pid', 'startMs', 'endMs'],
		rows: reader.entities('actor').map(actor => ({
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
