import {isTaskColumn, type TaskColumn, type TaskFilter, type TaskQuery} from '../store/task-query.js';
import type {SessionReader} from '../store/session-reader.js';
import {answerJsonText, answerResult, type HistoryAnswer} from './answer.js';
import {inHeadOrder, MAX_ATTEMPTS} from './head-order.js';
import {
	assertColumn,
	assertIds,
	keyOf,
	readFilters,
	readListOptions,
	MAX_LIMIT,
	type ListFilter,
} from './list-options.js';
import {BadRequestError, readBoolean, readComparedInteger, type HistoryRequest} from './request.js';
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
	const {filters, ...options} = readListOptions(query);
	const taskQuery = readReachedQuery(reader, filters, options.excludesDrivers);
	const filtered = reader.countTasks(taskQuery);
	const total = reader.countTasks(readSourceQuery(filters, options.excludesDrivers));
	return answerJsonText(
		writeTaskList(reader, taskQuery, {...options, redacts: isBrowser}, {total, filtered}),
	);
}

/**
 * The head looks at a filter when it looks at a task that passed those before: where there is none, it takes
 * any column and any value.
 */
function readReachedQuery(
	reader: SessionReader,
	filters: readonly ListFilter[],
	excludesDrivers: boolean,
): TaskQuery {
	assertEarly(filters);
	const source = readSourceQuery(filters, excludesDrivers).filters;
	for (const [index, filter] of filters.entries()) {
		try {
			readTaskFilter(filter);
		} catch (error) {
			const before = filters.slice(0, index).flatMap(readTaskFilter);
			const reaching = {excludesDrivers, filters: [...source, ...before]};
			if (reader.countTasks(reaching) > 0) throw error;
			return reaching;
		}
	}

	return readTaskQuery(filters, excludesDrivers);
}

function* writeTaskList(
	reader: SessionReader,
	query: TaskQuery,
	options: {readonly limit: number; readonly isDetailed: boolean; readonly redacts: boolean},
	{total, filtered}: {readonly total: number; readonly filtered: number},
): Generator<string, void, undefined> {
	const {limit, isDetailed} = options;
	const writer = new TaskWriter(reader, options);
	let text = `{"result":true,"msg":"","data":{"result":{"total":${total},"num_after_truncation":${total},"num_filtered":${filtered},"result":[`;
	let separator = '';
	const tasks = isDetailed
		? mapEach(inHeadOrder(reader.tasks(query, limit + MAX_ATTEMPTS), limit), row => writer.write(row))
		: mapEach(inHeadOrder(reader.taskOutlines(query, limit + MAX_ATTEMPTS), limit), row =>
				writer.writeOutline(row),
			);
	for (const task of tasks) {
		text += separator + task;
		separator = ',';
		if (text.length >= 65_536) {
			yield text;
			text = '';
		}
	}

	yield `${text}],"partial_failure_warning":"","warnings":null}}}`;
}

function* mapEach<Value>(
	values: Iterable<Value>,
	write: (value: Value) => string,
): Generator<string, void, undefined> {
	for (const value of values) yield write(value);
}

/** `GET /api/v0/tasks/summarize` */
export function answerTaskSummary(reader: SessionReader, {query}: HistoryRequest): HistoryAnswer {
	const summaryBy = query.get('summary_by') ?? 'func_name';
	if (!['func_name', 'task_name', 'lineage'].includes(summaryBy)) {
		throw new BadRequestError('summary_by must be one of "func_name", "task_name", or "lineage".');
	}

	const filters = readFilters(query);
	const taskQuery = readReachedQuery(reader, filters, true);
	const filtered = reader.countTasks(taskQuery);
	const total = reader.countTasks(readSourceQuery(filters, true));
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
		if (group.type !== TASK_TYPES[type]) group.type = findFirstType(reader, query, name);
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

/** Tasks of one name may be of several types: that of the first counts. */
function findFirstType(reader: SessionReader, query: TaskQuery, name: string): string {
	const filters = [...query.filters, {column: 'summary_name', isNegated: false, value: name} as const];
	const [first] = reader.tasks({...query, filters}, 1);
	return TASK_TYPES[first!.type]!;
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
	assertEarly(filters);
	return {excludesDrivers, filters: filters.flatMap(readTaskFilter)};
}

/** What the head looks at before it looks at any task. */
function assertEarly(filters: readonly ListFilter[]): void {
	assertIds(filters, {actor_id: 16, job_id: 4, task_id: 24});
	for (const filter of filters) if (keyOf(filter) === 'attempt_number') convertFilter(filter, 'integer');
}

function readTaskFilter(filter: ListFilter): readonly TaskFilter[] {
	const {column, isNegated, value} = filter;
	assertColumn(column, FILTERABLE);
	if (!isTaskColumn(column)) return [];
	const isConverted = keyOf(filter) === 'attempt_number';
	if (isConverted) return [{column, isNegated, value: Number(convertFilter(filter, 'integer'))}];
	const isNumeric = column === 'attempt_number' || column === 'worker_pid';
	// The head compares text with a number or a boolean here, which are never equal.
	if (isNegated && (isNumeric || column === 'is_debugger_paused')) return [];
	if (isNumeric) return [{column, isNegated, value: readComparedInteger(value)}];
	if (column === 'is_debugger_paused') return [{column, isNegated, value: Number(readBoolean(value))}];
	return [{column, isNegated, value}];
}

/** What the head's source leaves out: of a name it knows the one that was given, and not the one that is shown. */
function readSourceQuery(filters: readonly ListFilter[], excludesDrivers: boolean): TaskQuery {
	return {
		excludesDrivers,
		filters: filters
			.filter(filter => SOURCE_COLUMNS.includes(keyOf(filter)))
			.flatMap(readTaskFilter)
			.map(filter => (filter.column === 'name' ? {...filter, column: 'given_name'} : filter)),
	};
}
