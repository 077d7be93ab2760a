import {inflateRawSync} from 'node:zlib';

import type {EntityKind} from '../ingest/decode-event.js';
import type {TaskShape} from '../ingest/decode-task-definition.js';
import type {EntityRecords} from '../ingest/entity-records.js';
import type {LogEventLine, LogFile, SessionSummary, Snapshot} from './history-types.js';
import type {SqliteDatabase, SqliteStatement, SqliteValue} from './sqlite-database.js';
import {compileTaskQuery, readsAllTasks, type TaskQuery} from './task-query.js';

/** What lists and sums need of one attempt at a task: ids as hex, "" for none. */
export interface TaskOutline {
	readonly task_id: string;
	readonly attempt: number;
	readonly job_id: string;
	readonly shape_id: number;
	readonly type: number;
	readonly name: string;
	readonly display_name: string | null;
	readonly parent_task_id: string;
	readonly actor_id: string;
	readonly placement_group_id: string;
	readonly node_id: string;
	readonly worker_id: string;
	readonly worker_pid: number | null;
	readonly state: number;
	readonly error_type: string | null;
	readonly is_paused: number | null;
	readonly creation_ms: number | null;
}

/** The same with all that was said of it; `readTaskDetail()` takes the facts apart. */
export interface TaskRow extends TaskOutline {
	readonly mark: string | null;
	readonly facts: string;
}

/** Where in a list. */
export type TaskPlace = Pick<TaskOutline, 'task_id' | 'attempt'>;

export interface TaskGroup {
	/** The task's name, or its function's where it has none. */
	readonly name: string;
	readonly type: number;
	readonly state: number;
	readonly count: number;
}

/**
 * Rows are read in pages, so that a list of a million tasks needs no more memory than one of a hundred, and
 * others have their turn in between.
 */
const PAGE_ROWS = 200;

/** No more tasks are gathered before they are read: what a list of the state API has at most. */
const MAX_GATHERED = 10_000;

const TASK_ID_DIGITS = 48;

/** At most this many shapes are held. */
const MAX_CACHED_SHAPES = 5000;

const ID_COLUMNS = [
	'task_id',
	'job_id',
	'parent_task_id',
	'actor_id',
	'placement_group_id',
	'node_id',
	'worker_id',
];

/** Ids become text where they are read: a buffer for each would take most of the time of a list. */
const OUTLINE_COLUMNS = [
	...ID_COLUMNS.map(name => `lower(hex(task.${name})) AS ${name}`),
	'attempt, shape_id, type, name, display_name, worker_pid, state, error_type, is_paused, creation_ms',
].join(', ');

const ROW_COLUMNS = `${OUTLINE_COLUMNS}, mark, facts`;

const statements = new WeakMap<SqliteDatabase, Map<string, SqliteStatement>>();

/** What was counted over all tasks of a session, by what was asked and the session's revision. */
const counted = new WeakMap<SqliteDatabase, Map<string, unknown>>();

const MAX_COUNTED = 500;

/** Everything of one session, as it is when asked. */
export class SessionReader {
	readonly session: SessionSummary;
	readonly #database: SqliteDatabase;
	readonly #shapes = new Map<number, TaskShape>();

	constructor(database: SqliteDatabase, session: SessionSummary) {
		this.#database = database;
		this.session = session;
	}

	countTasks(query: TaskQuery): number {
		const {sql, values} = compileTaskQuery(this.session.id, query);
		return this.#countOnce(`count ${sql}`, values, () => {
			const row = this.#prepare(`SELECT count(*) AS count FROM task WHERE ${sql}`).get(...values);
			return (row as {count: number}).count;
		});
	}

	/**
	 * In order of their ids, the newest attempt first.
	 *
	 * @param after - begins with the one that follows this.
	 */
	tasks(query: TaskQuery, limit?: number, after?: TaskPlace): Generator<TaskRow, void, undefined> {
		return this.#readTasks<TaskRow>(ROW_COLUMNS, query, limit, after);
	}

	/** The same in a few hundred bytes each: facts have no bound. */
	taskOutlines(query: TaskQuery, limit?: number): Generator<TaskOutline, void, undefined> {
		return this.#readTasks<TaskOutline>(OUTLINE_COLUMNS, query, limit);
	}

	*#readTasks<Row extends TaskPlace>(
		columns: string,
		query: TaskQuery,
		limit = Infinity,
		after?: TaskPlace,
	): Generator<Row, void, undefined> {
		if (after === undefined && readsAllTasks(query) && this.countTasks(query) <= MAX_GATHERED) {
			yield* this.#gatherTasks<Row>(columns, query, limit);
			return;
		}

		const {sql, values} = compileTaskQuery(this.session.id, query);
		// Not the column of the result, which has the same name.
		const order = 'ORDER BY task.task_id, attempt DESC LIMIT ?';
		const first = this.#prepare(`SELECT ${columns} FROM task WHERE ${sql} ${order}`);
		const next = this.#prepare(
			`SELECT ${columns} FROM task WHERE ${sql} AND task.task_id >= ? AND NOT (task.task_id = ? AND attempt >= ?) ${order}`,
		);
		let left = limit;
		let last = after;
		while (left > 0) {
			const count = Math.min(left, PAGE_ROWS);
			const lastId = last === undefined ? undefined : Buffer.from(last.task_id, 'hex');
			const page = (
				lastId === undefined
					? first.all(...values, count)
					: next.all(...values, lastId, lastId, last!.attempt, count)
			) as Row[];
			yield* page;
			if (page.length < count) return;
			last = page.at(-1);
			left -= count;
		}
	}

	/**
	 * Ids of tasks that begin so, in their order.
	 *
	 * @param beginning - hex digits.
	 */
	taskIdsFrom(beginning: string, limit: number): readonly string[] {
		const [first, last] = ['0', 'f'].map(digit =>
			Buffer.from(beginning.padEnd(TASK_ID_DIGITS, digit), 'hex'),
		);
		const rows = this.#prepare(
			`SELECT DISTINCT lower(hex(task_id)) AS id FROM task
			WHERE session_id = ? AND shape_id IS NOT NULL AND task_id BETWEEN ? AND ? ORDER BY task_id LIMIT ?`,
		).all(this.session.id, first!, last!, limit) as {id: string}[];
		return rows.map(({id}) => id);
	}

	/** Few among many: found in whatever order is quickest, and then sorted, instead of one by one in theirs. */
	*#gatherTasks<Row>(columns: string, query: TaskQuery, limit: number): Generator<Row, void, undefined> {
		const {sql, values} = compileTaskQuery(this.session.id, query);
		// The sign hides from SQLite that an index has this order.
		const ids = this.#prepare(
			`SELECT id FROM task WHERE ${sql} ORDER BY +task.task_id, attempt DESC LIMIT ?`,
		).all(...values, Math.min(limit, MAX_GATHERED)) as {id: number}[];
		const find = this.#prepare(`SELECT ${columns} FROM task WHERE id = ?`);
		for (const {id} of ids) {
			const row = find.get(id);
			// Others may delete the session meanwhile.
			if (row !== undefined) yield row as Row;
		}
	}

	/** How many tasks there are of each name, type and state. */
	groupTasks(query: TaskQuery): readonly TaskGroup[] {
		const {sql, values} = compileTaskQuery(this.session.id, query);
		return this.#countOnce(
			`group ${sql}`,
			values,
			() =>
				this.#prepare(
					`SELECT CASE WHEN name = '' THEN (SELECT function_name FROM shape WHERE id = shape_id) ELSE COALESCE(display_name, name) END AS name,
				type, state, count(*) AS count
			FROM task WHERE ${sql} GROUP BY 1 COLLATE BINARY, type, state ORDER BY 1 COLLATE BINARY, type, state`,
				).all(...values) as TaskGroup[],
		);
	}

	countTasksByNode(): ReadonlyMap<string, number> {
		return this.#countOnce('nodes', [], () => {
			const rows = this.#prepare(
				'SELECT node_id, count(*) AS count FROM task WHERE session_id = ? AND node_id IS NOT NULL GROUP BY node_id',
			).all(this.session.id) as {node_id: Buffer; count: number}[];
			return new Map(rows.map(({node_id: id, count}) => [id.toString('hex'), count]));
		});
	}

	/** Of its tasks. */
	jobTimes(jobId: string): {readonly startMs: number | null; readonly endMs: number | null} {
		const row = this.#prepare(
			'SELECT min(creation_ms) AS startMs, max(creation_ms) AS endMs FROM task WHERE session_id = ? AND job_id = ? AND shape_id IS NOT NULL',
		).get(this.session.id, Buffer.from(jobId, 'hex'));
		return row as {startMs: number | null; endMs: number | null};
	}

	shape(id: number): TaskShape {
		let shape = this.#shapes.get(id);
		if (shape === undefined) {
			const {json} = this.#prepare('SELECT json FROM shape WHERE id = ?').get(id) as {json: string};
			shape = JSON.parse(json) as TaskShape;
			if (this.#shapes.size >= MAX_CACHED_SHAPES) this.#shapes.clear();
			this.#shapes.set(id, shape);
		}

		return shape;
	}

	/** In order of their ids. */
	entities<Kind extends EntityKind>(kind: Kind): readonly EntityRecords[Kind][] {
		const rows = this.#prepare(
			'SELECT json FROM entity WHERE session_id = ? AND kind = ? ORDER BY entity_id',
		).all(this.session.id, kind) as {json: string}[];
		return rows.map(({json}) => JSON.parse(json) as EntityRecords[Kind]);
	}

	/** The same, read in pages: a session may have a hundred thousand actors. */
	*eachEntity<Kind extends EntityKind>(kind: Kind): Generator<EntityRecords[Kind], void, undefined> {
		const statement = this.#prepare(
			'SELECT entity_id, json FROM entity WHERE session_id = ? AND kind = ? AND entity_id > ? ORDER BY entity_id LIMIT ?',
		);
		let last = '';
		for (;;) {
			const page = statement.all(this.session.id, kind, last, PAGE_ROWS) as {
				entity_id: string;
				json: string;
			}[];
			for (const {json} of page) yield JSON.parse(json) as EntityRecords[Kind];
			if (page.length < PAGE_ROWS) return;
			last = page.at(-1)!.entity_id;
		}
	}

	entity<Kind extends EntityKind>(kind: Kind, entityId: string): EntityRecords[Kind] | undefined {
		const row = this.#prepare(
			'SELECT json FROM entity WHERE session_id = ? AND kind = ? AND entity_id = ?',
		).get(this.session.id, kind, entityId) as {json: string} | undefined;
		return row === undefined ? undefined : (JSON.parse(row.json) as EntityRecords[Kind]);
	}

	/**
	 * The newest answer from this path, whatever its query.
	 *
	 * @param fits - tells by its query whether it will do. @default any will
	 */
	snapshot(path: string, fits: (query: URLSearchParams) => boolean = () => true): Snapshot | undefined {
		const queries = this.#prepare(
			'SELECT query FROM snapshot WHERE session_id = ? AND path = ? ORDER BY fetched_ms DESC, query',
		).all(this.session.id, path) as {query: string}[];
		const query = queries.find(candidate => fits(new URLSearchParams(candidate.query)))?.query;
		if (query === undefined) return undefined;
		const row = this.#prepare(
			'SELECT fetched_ms, body FROM snapshot WHERE session_id = ? AND path = ? AND query = ?',
		).get(this.session.id, path, query) as {fetched_ms: number; body: string};
		return {path, query, fetchedMs: row.fetched_ms, body: row.body};
	}

	/** In order of time. */
	logEvents(): readonly LogEventLine[] {
		const rows = this.#prepare(
			'SELECT event_id, job_id, timestamp, json FROM log_event WHERE session_id = ? ORDER BY CAST(timestamp AS INTEGER), event_id',
		).all(this.session.id) as {event_id: string; job_id: string; timestamp: string; json: string}[];
		return rows.map(row => ({
			eventId: row.event_id,
			jobId: row.job_id,
			timestamp: row.timestamp,
			json: row.json,
		}));
	}

	/** Of one node, or of all of them. */
	logFiles(nodeId?: string): readonly LogFile[] {
		const [condition, ...values]: [string, ...SqliteValue[]] =
			nodeId === undefined ? [''] : ['AND node_id = ?', nodeId];
		return this.#prepare(
			`SELECT id, node_id AS nodeId, path, size AS sizeBytes, identity FROM log_file WHERE session_id = ? ${condition} ORDER BY node_id, path`,
		).all(this.session.id, ...values) as LogFile[];
	}

	logFile(nodeId: string, path: string): LogFile | undefined {
		return this.#prepare(
			'SELECT id, node_id AS nodeId, path, size AS sizeBytes, identity FROM log_file WHERE session_id = ? AND node_id = ? AND path = ?',
		).get(this.session.id, nodeId, path) as LogFile | undefined;
	}

	/** Pieces of a log file that make up the bytes from `start` to before `end`. */
	*readLog(fileId: number, start: number, end: number): Generator<Buffer, void, undefined> {
		const find = this.#prepare(
			'SELECT offset, length, data FROM log_chunk WHERE file_id = ? AND offset + length > ? AND offset < ? ORDER BY offset LIMIT 1',
		);
		let position = start;
		while (position < end) {
			const row = find.get(fileId, position, end) as
				{offset: number; length: number; data: Buffer} | undefined;
			if (row === undefined) return;
			const bytes = inflateRawSync(row.data);
			yield bytes.subarray(Math.max(0, position - row.offset), Math.max(0, end - row.offset));
			position = row.offset + row.length;
		}
	}

	/** Where the last `count` lines of the bytes before `end` begin; a newline at the very end begins none. */
	findLastLines(fileId: number, end: number, count: number): number {
		const find = this.#prepare(
			'SELECT offset, data FROM log_chunk WHERE file_id = ? AND offset < ? ORDER BY offset DESC LIMIT 1',
		);
		let left = count;
		let before = end;
		while (before > 0) {
			const row = find.get(fileId, before) as {offset: number; data: Buffer} | undefined;
			if (row === undefined) return 0;
			const bytes = inflateRawSync(row.data).subarray(0, before - row.offset);
			let at = before === end && bytes.at(-1) === 0x0a ? bytes.length - 1 : bytes.length;
			for (;;) {
				at = at === 0 ? -1 : bytes.lastIndexOf(0x0a, at - 1);
				if (at < 0) break;
				left -= 1;
				if (left === 0) return row.offset + at + 1;
			}

			before = row.offset;
		}

		return 0;
	}

	/** Counts anew only after the session was written to: a session that is over is counted once. */
	#countOnce<Result>(what: string, values: readonly SqliteValue[], count: () => Result): Result {
		let known = counted.get(this.#database);
		if (known === undefined) {
			known = new Map();
			counted.set(this.#database, known);
		}

		const texts = values.map(value => (Buffer.isBuffer(value) ? value.toString('hex') : String(value)));
		const key = JSON.stringify([this.session.id, this.session.revision, what, texts]);
		if (known.has(key)) return known.get(key) as Result;
		const result = count();
		if (known.size >= MAX_COUNTED) known.clear();
		known.set(key, result);
		return result;
	}

	#prepare(sql: string): SqliteStatement {
		let known = statements.get(this.#database);
		if (known === undefined) {
			known = new Map();
			statements.set(this.#database, known);
		}

		let statement = known.get(sql);
		if (statement === undefined) {
			// Filters make many kinds of statements; few of them come again.
			if (known.size > 500) known.clear();
			statement = this.#database.prepare(sql);
			known.set(sql, statement);
		}

		return statement;
	}
}
