import {inflateRawSync} from 'node:zlib';

import type {EntityKind} from '../ingest/decode-event.js';
import type {TaskShape} from '../ingest/decode-task-definition.js';
import type {Damage, EntityEvent, EventGroup} from '../ingest/event-batch.js';
import {decodeTaskFacts} from '../ingest/task-facts.js';
import {outlineTask, type DefinitionRecord, type TaskRecord} from '../ingest/task-record.js';
import {toNanoseconds, type JsonObject} from '../ingest/wire-values.js';
import type {LogEventLine, LogPiece, SessionSummary, SessionWrite, Snapshot} from './history-types.js';
import type {SqliteDatabase, SqliteValue} from './sqlite-database.js';

/** Rows of a table that are read at a time. */
const PAGE_ROWS = 2000;

/** Bytes of log files that are written at a time, before they are packed. */
const LOG_BYTES = 4 * 1024 * 1024;

interface StoredTask {
	readonly id: number;
	readonly task_id: Buffer;
	readonly attempt: number;
	readonly job_id: Buffer;
	readonly shape_id: number | null;
	readonly name: string | null;
	readonly parent_task_id: Buffer | null;
	readonly actor_id: Buffer | null;
	readonly placement_group_id: Buffer | null;
	readonly facts: string;
}

/**
 * All of a session as writes that make the same one in another history, or add to it what that does not
 * know yet. A page at a time: memory does not grow with the session.
 */
export function* readSessionWrites(
	database: SqliteDatabase,
	session: SessionSummary,
): Generator<SessionWrite, void, undefined> {
	// Workers and jobs before the tasks that depend on them.
	for (const entityEvents of readEntityEvents(database, session)) {
		yield {events: makeGroup(session, {entityEvents})};
	}

	for (const taskRecords of readTasks(database, session)) yield {events: makeGroup(session, {taskRecords})};
	for (const snapshots of readSnapshots(database, session)) yield {snapshots};
	for (const logEvents of readLogEvents(database, session)) yield {logEvents};
	for (const logPieces of readLogPieces(database, session)) yield {logPieces};
	for (const damages of readDamages(database, session)) yield {damages};
}

function makeGroup(
	{firstMs, lastMs}: SessionSummary,
	parts: Partial<Pick<EventGroup, 'taskRecords' | 'entityEvents'>>,
): EventGroup {
	return {
		taskRecords: [],
		entityEvents: [],
		damages: [],
		eventCount: 0,
		firstNs: firstMs === null ? '' : toNanoseconds(firstMs),
		lastNs: lastMs === null ? '' : toNanoseconds(lastMs),
		...parts,
	};
}

function* readTasks(
	database: SqliteDatabase,
	{id: sessionId}: SessionSummary,
): Generator<readonly TaskRecord[], void, undefined> {
	const findShape = database.prepare('SELECT json FROM shape WHERE id = ?');
	const shapes = new Map<number, string>();
	const readShape = (id: number): string => {
		let json = shapes.get(id);
		if (json === undefined) {
			({json} = findShape.get(id) as {json: string});
			if (shapes.size >= PAGE_ROWS) shapes.clear();
			shapes.set(id, json);
		}

		return json;
	};
	const columns =
		'id, task_id, attempt, job_id, shape_id, name, parent_task_id, actor_id, placement_group_id, facts';
	for (const rows of readPages<StoredTask>(
		database,
		`SELECT ${columns} FROM task WHERE session_id = ? AND (task_id, attempt) > (?, ?) ORDER BY task_id, attempt`,
		sessionId,
		row => [row.task_id, row.attempt],
		[Buffer.alloc(0), -1],
	)) {
		yield rows.map(row => readTask(row, row.shape_id === null ? undefined : readShape(row.shape_id)));
	}
}

function readTask(row: StoredTask, shapeJson: string | undefined): TaskRecord {
	const facts = decodeTaskFacts(row.facts);
	return {
		taskId: row.task_id.toString('hex'),
		attempt: row.attempt,
		jobId: row.job_id.toString('hex'),
		definition: shapeJson === undefined ? undefined : readDefinition(row, facts.definedAt, shapeJson),
		...outlineTask(facts),
	};
}

function readDefinition(row: StoredTask, clock: string, shapeJson: string): DefinitionRecord {
	const {type, functionName} = JSON.parse(shapeJson) as TaskShape;
	return {
		clock,
		name: row.name ?? '',
		parentTaskId: row.parent_task_id?.toString('hex') ?? '',
		actorId: row.actor_id?.toString('hex') ?? '',
		placementGroupId: row.placement_group_id?.toString('hex') ?? '',
		type,
		functionName,
		shapeJson,
	};
}

function* readEntityEvents(
	database: SqliteDatabase,
	{id: sessionId}: SessionSummary,
): Generator<readonly EntityEvent[], void, undefined> {
	interface Stored {
		readonly kind: EntityKind;
		readonly entity_id: string;
		readonly clock: string;
		readonly json: string;
	}
	for (const rows of readPages<Stored>(
		database,
		'SELECT kind, entity_id, clock, json FROM entity_event WHERE session_id = ? AND (kind, entity_id, clock) > (?, ?, ?) ORDER BY kind, entity_id, clock',
		sessionId,
		row => [row.kind, row.entity_id, row.clock],
		['', '', ''],
	)) {
		yield rows.map(({kind, entity_id: entityId, clock, json}) => {
			const [member, body] = JSON.parse(json) as [string, JsonObject];
			return {kind, entityId, clock, payload: {member, body}};
		});
	}
}

function* readSnapshots(
	database: SqliteDatabase,
	{id: sessionId}: SessionSummary,
): Generator<readonly Snapshot[], void, undefined> {
	// One at a time: some have many megabytes.
	yield* readPages<Snapshot>(
		database,
		'SELECT path, query, fetched_ms AS fetchedMs, body FROM snapshot WHERE session_id = ? AND (path, query) > (?, ?) ORDER BY path, query',
		sessionId,
		({path, query}) => [path, query],
		['', ''],
		1,
	);
}

function* readLogEvents(
	database: SqliteDatabase,
	{id: sessionId}: SessionSummary,
): Generator<readonly LogEventLine[], void, undefined> {
	yield* readPages<LogEventLine>(
		database,
		'SELECT event_id AS eventId, job_id AS jobId, timestamp, json FROM log_event WHERE session_id = ? AND event_id > ? ORDER BY event_id',
		sessionId,
		({eventId}) => [eventId],
		[''],
	);
}

function* readDamages(
	database: SqliteDatabase,
	{id: sessionId}: SessionSummary,
): Generator<readonly Damage[], void, undefined> {
	yield* readPages<Damage>(
		database,
		'SELECT source, place, reason FROM damage WHERE session_id = ? AND (source, place) > (?, ?) ORDER BY source, place',
		sessionId,
		({source, place}) => [source, place],
		['', ''],
	);
}

/** Files with nothing in them too. */
function* readLogPieces(
	database: SqliteDatabase,
	{id: sessionId}: SessionSummary,
): Generator<readonly LogPiece[], void, undefined> {
	interface StoredFile {
		readonly id: number;
		readonly nodeId: string;
		readonly path: string;
	}
	interface StoredChunk {
		readonly offset: number;
		readonly data: Buffer;
	}
	const findChunk = database.prepare(
		'SELECT offset, data FROM log_chunk WHERE file_id = ? AND offset > ? ORDER BY offset LIMIT 1',
	);
	let pieces: LogPiece[] = [];
	let bytes = 0;
	for (const files of readPages<StoredFile>(
		database,
		'SELECT id, node_id AS nodeId, path FROM log_file WHERE session_id = ? AND id > ? ORDER BY id',
		sessionId,
		({id}) => [id],
		[-1],
	)) {
		for (const {id, nodeId, path} of files) {
			pieces.push({nodeId, path, offset: 0, bytes: Buffer.alloc(0)});
			let offset = -1;
			for (;;) {
				const chunk = findChunk.get(id, offset) as StoredChunk | undefined;
				if (chunk === undefined) break;
				({offset} = chunk);
				const piece = inflateRawSync(chunk.data);
				pieces.push({nodeId, path, offset, bytes: piece});
				bytes += piece.length;
				if (bytes < LOG_BYTES && pieces.length < PAGE_ROWS) continue;
				yield pieces;
				pieces = [];
				bytes = 0;
			}
		}
	}

	if (pieces.length > 0) yield pieces;
}

/** @param sql - with a question mark for the session and one for each part of the key a page goes on after. */
function* readPages<Row>(
	database: SqliteDatabase,
	sql: string,
	sessionId: number,
	keyOf: (row: Row) => readonly SqliteValue[],
	first: readonly SqliteValue[],
	count = PAGE_ROWS,
): Generator<readonly Row[], void, undefined> {
	const statement = database.prepare(`${sql} LIMIT ?`);
	let key = first;
	for (;;) {
		const rows = statement.all(sessionId, ...key, count) as Row[];
		if (rows.length > 0) yield rows;
		if (rows.length < count) return;
		key = keyOf(rows.at(-1)!);
	}
}
