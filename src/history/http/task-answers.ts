import {isTaskColumn, type TaskColumn, type TaskFilter, type TaskQuery} from '../store/task-query.js';
import type {SessionReader} from '../store/session-reader.js';
import {answerJsonText, answerResult, type HistoryAnswer} from './answer.js';
import {
	assertColumn,
	assertIds,
	readFilters,
	readListOptions,
	MAX_LIMIT,
	type ListFilter,
	type ListOptions,
} from './list-options.js';
import {BadRequestError, readBoolean, readInteger, type HistoryRequest} from './request.js';
import {convertFilter} from './state-list.js';
import {summarizeByLineage} from './summarize-lineage.js';
import {TaskWriter} from './task-json.js';
import {TASK_STATES, TASK_TYPES} from '../ingest/ray-enums.js';
import {writeTimeline} from './timeline.js';

const FILTERABLE: readonly TaskColumn[] = [
	'task_id',
	'attempt_number',
	'name',
	'state',
	'job_id',
	'actor_id',
	'type',
	'func_or_class_name',
	'parent_task_id',
	'node_id',
	'worker_id',
	'worker_pid',
	'error_type',
	'language',
	'placement_group_id',
	'is_debugger_paused',
];

/** The head leaves these out at the source, so that its total is without them. */
const SOURCE_COLUMNS: readonly string[] = ['actor_id', 'job_id', 'task_id', 'name', 'state'];

/** `GET /api/v0/tasks` */
export function answerTasks(reader: SessionReader, {query, isBrowser}: HistoryRequest): HistoryAnswer {
	const options = readListOptions(query);
	const taskQuery = readTaskQuery(dropUnreached(reader, options), options.excludesDrivers);
	const filtered = reader.countTasks(taskQuery);
	const total = options.filters.every(({column}) => SOURCE_COLUMNS.includes(column))
		? filtered
		: reader.countTasks(sourceQuery(taskQuery));
	return answerJsonText(
		writeTaskList(reader, taskQuery, {...options, redacts: isBrowser}, {total, filtered}),
	);
}

/** The head looks at a filter's column when it looks at a task: where there is none, any will do. */
function dropUnreached(
	reader: SessionReader,
	{filters, excludesDrivers}: ListOptions,
): readonly ListFilter[] {
	const known = filters.filter(({column}) => FILTERABLE.some(name => name === column));
	if (known.length === filters.length) return filters;
	const hasTasks = reader.countTasks(sourceQuery(readTaskQuery(known, excludesDrivers))) > 0;
	return hasTasks ? filters : known;
}

function* writeTaskList(
	reader: SessionReader,
	query: TaskQuery,
	options: {readonly limit: number; readonly isDetailed: boolean; readonly redacts: boolean},
	{total, filtered}: {readonly total: number; readonly filtered: number},
): Generator<string, void, undefined> {
	const writer = new TaskWriter(reader, options);
	let text = `{"result":true,"msg":"","data":{"result":{"total":${total},"num_after_truncation":${total},"num_filtered":${filtered},"result":[`;
	let separator = '';
	for (const row of reader.tasks(query, options.limit)) {
		text += separator + writer.write(row);
		separator = ',';
		if (text.length >= 65_536) {
			yield text;
			text = '';
		}
	}

	yield `${text}],"partial_failure_warning":"","warnings":null}}}`;
}

/** `GET /api/v0/tasks/summarize` */
export function answerTaskSummary(reader: SessionReader, {query}: HistoryRequest): HistoryAnswer {
	const summaryBy = query.get('summary_by') ?? 'func_name';
	if (!['func_name', 'task_name', 'lineage'].includes(summaryBy)) {
		throw new BadRequestError('summary_by must be one of "func_name", "task_name", or "lineage".');
	}

	const taskQuery = readTaskQuery(readFilters(query), true);
	const filtered = reader.countTasks(taskQuery);
	const total = reader.countTasks(sourceQuery(taskQuery));
	const summary =
		summaryBy === 'lineage'
			? summarizeByLineage(reader, taskQuery, MAX_LIMIT)
			: summarizeByName(reader, taskQuery);
	const counted = summary.total_tasks + summary.total_actor_tasks + summary.total_actor_scheduled;
	return answerResult('', {
		result: {
			total,
			num_after_truncation: total,
			num_filtered: filtered,
			result: {node_id_to_summary: {cluster: summary}},
			partial_failure_warning: '',
			warnings:
				counted < filtered
					? [
							'There is missing data in this aggregation. Possibly due to task data being evicted to preserve memory.',
						]
					: null,
		},
	});
}

function summarizeByName(reader: SessionReader, query: TaskQuery) {
	const summary: Record<
		string,
		{func_or_class_name: string; type: string; state_counts: Record<string, number>}
	> = {};
	const totals = [0, 0, 0, 0];
	for (const {name, type, state, count} of reader.groupTasks(query)) {
		const group = (summary[name] ??= {func_or_class_name: name, type: TASK_TYPES[type]!, state_counts: {}});
		const stateName = TASK_STATES[state]!;
		group.state_counts[stateName] = (group.state_counts[stateName] ?? 0) + count;
		totals[type]! += count;
	}

	return {
		summary,
		total_tasks: totals[0]!,
		total_actor_tasks: totals[2]!,
		total_actor_scheduled: totals[1]!,
		summary_by: 'func_name',
	};
}

/** `GET /api/v0/tasks/timeline` */
export function answerTimeline(reader: SessionReader, {query}: HistoryRequest, nowMs: number): HistoryAnswer {
	const jobId = query.get('job_id');
	if (jobId) assertIds([{column: 'job_id', isNegated: false, value: jobId}], {job_id: 4});
	const filters: TaskFilter[] = jobId ? [{column: 'job_id', isNegated: false, value: jobId}] : [];
	const body = writeTimeline(reader, {filters, excludesDrivers: true});
	if (query.get('download') !== '1') return answerJsonText(body);
	const now = new Date(nowMs).toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '-');
	return answerJsonText(body, {
		'content-disposition': `attachment; filename="timeline-${(jobId ?? 'None').replaceAll(/[^\w.-]/g, '_')}-${now}.json"`,
	});
}

/** @throws {BadRequestError} in the head's words for columns and values it does not take. */
export function readTaskQuery(filters: readonly ListFilter[], excludesDrivers: boolean): TaskQuery {
	assertIds(filters, {actor_id: 16, job_id: 4, task_id: 24});
	return {
		excludesDrivers,
		filters: filters.flatMap((filter): readonly TaskFilter[] => {
			const {column, isNegated, value} = filter;
			assertColumn(column, FILTERABLE);
			if (!isTaskColumn(column)) return [];
			// The head compares text with a number or a boolean here, which are never equal.
			if (isNegated && (column === 'worker_pid' || column === 'is_debugger_paused')) return [];
			if (column === 'attempt_number')
				return [{column, isNegated, value: Number(convertFilter(filter, 'integer'))}];
			if (column === 'worker_pid') return [{column, isNegated, value: readInteger(value)}];
			if (column === 'is_debugger_paused') return [{column, isNegated, value: Number(readBoolean(value))}];
			return [{column, isNegated, value}];
		}),
	};
}

function sourceQuery({filters, excludesDrivers}: TaskQuery): TaskQuery {
	return {excludesDrivers, filters: filters.filter(({column}) => SOURCE_COLUMNS.includes(column))};
}
