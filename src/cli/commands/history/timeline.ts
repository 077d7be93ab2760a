import {z} from 'zod';

import {Timeline, writeTimeline, type TimelineSpan} from '../../../history/http/timeline.js';
import type {CommandContext} from '../../command-context.js';
import {oneOf, parseOptions, wholeNumber} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {writeRows, type Row} from './format-rows.js';
import {chooseSession, openHistory, sessionFlags} from './open-history.js';
import {parseMoment} from './parse-moment.js';
import {readTaskFilters} from './read-task-filters.js';
import {chooseRows, parseFilter} from './row-filters.js';

const schema = z.object({
	...sessionFlags,
	format: oneOf(['table', 'json', 'ndjson', 'csv']).default('json'),
	job: z.string().optional(),
	filter: z.array(z.string()).default([]),
	since: z.string().optional(),
	limit: wholeNumber(1, 100_000_000).optional(),
	utc: z.boolean().default(false),
});

const COLUMNS = ['startMs', 'durationMs', 'span', 'name', 'task', 'attempt', 'job', 'actor', 'ip', 'worker'];

const DISPENSABLE = ['worker', 'ip', 'job', 'attempt', 'actor', 'task'];

/** A table has no more rows unless they are asked for. */
const TABLE_ROWS = 100;

/**
 * Writes a trace for Perfetto, or a row a span. Where there is a limit these are the earliest, in order of
 * time; else they come task by task, as they are read.
 */
export async function runHistoryTimeline(
	flags: unknown,
	context: Pick<CommandContext, 'stdout' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const {db, format, job, filter, since, utc, ...options} = parseOptions(schema, flags);
	const limit = options.limit ?? (format === 'table' ? TABLE_ROWS : undefined);
	const sinceMs = since === undefined ? undefined : parseMoment('since', since, Date.now());
	const filters = [...filter, ...(job === undefined ? [] : [`job=${job}`])].map(parseFilter);
	// All others are of tasks, which the index answers.
	const spanFilters = filters.filter(({column}) => column === 'span');
	const query = readTaskFilters(filters.filter(({column}) => column !== 'span'));
	const store = await openHistory(db, context);
	try {
		const reader = chooseSession(store, options);
		const isWhole = limit === undefined && sinceMs === undefined && spanFilters.length === 0;
		if (format === 'json' && isWhole) {
			for (const piece of writeTimeline(reader, query))
				await writeText(context.stdout, piece, context.signal);
			await writeText(context.stdout, '\n', context.signal);
			return;
		}

		const timeline = new Timeline();
		const all = mapEach(timeline.spans(reader, query), toRow);
		const chosen = chooseRows(all, {filters: spanFilters, sinceMs, limit: Infinity}) as Iterable<SpanRow>;
		const rows = limit === undefined ? chosen : takeEarliest(chosen, limit);
		const isTrace = format === 'json' || format === 'ndjson';
		await writeRows(
			COLUMNS,
			isTrace ? readTrace(timeline, rows) : rows,
			{format, isUtc: utc, hasMilliseconds: true, dispensable: DISPENSABLE},
			context,
		);
	} finally {
		store.close();
	}
}

interface SpanRow extends Row {
	readonly startMs: number;
	readonly event: Row;
}

function toRow({task, kind, startUs, durationUs, nodeIp, worker, event}: TimelineSpan): SpanRow {
	return {
		startMs: startUs / 1000,
		durationMs: Math.round(durationUs) / 1000,
		span: kind,
		name: task.name || task.functionName,
		task: task.taskId,
		attempt: task.attempt,
		job: task.jobId,
		actor: task.actorId,
		ip: nodeIp,
		worker: worker.replace(/^\w+:/, ''),
		event,
	};
}

/** What a viewer reads, and the names of nodes and workers after it. */
function* readTrace(timeline: Timeline, rows: Iterable<SpanRow>): Generator<Row> {
	for (const {event} of rows) yield event;
	yield* timeline.names();
}

/** In order of time, holding at most twice as many as are wanted. */
function takeEarliest(rows: Iterable<SpanRow>, limit: number): readonly SpanRow[] {
	let earliest: SpanRow[] = [];
	const cut = () => {
		earliest = earliest.sort((a, b) => a.startMs - b.startMs).slice(0, limit);
	};
	for (const row of rows) {
		earliest.push(row);
		if (earliest.length >= 2 * limit) cut();
	}

	cut();
	return earliest;
}

function* mapEach<Value, Result>(values: Iterable<Value>, map: (value: Value) => Result): Generator<Result> {
	for (const value of values) yield map(value);
}
