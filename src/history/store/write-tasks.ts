import {createHash} from 'node:crypto';

import type {JobRecord, WorkerRecord} from '../ingest/entity-records.js';
import type {TaskShape} from '../ingest/decode-task-definition.js';
import {TYPE_ACTOR_TASK} from '../ingest/ray-enums.js';
import {settleTask, type WorkerEnd} from '../ingest/settle-task.js';
import {decodeTaskFacts, mergeTaskFacts} from '../ingest/task-facts.js';
import {
	outlineTask,
	type DefinitionRecord,
	type TaskOutline,
	type TaskRecord,
} from '../ingest/task-record.js';
import {toNanoseconds} from '../ingest/wire-values.js';
import type {EntityWriter} from './write-entities.js';
import type {SearchWriter} from './write-search.js';
import type {SqliteDatabase, SqliteStatement, SqliteValue} from './sqlite-database.js';

interface StoredTask {
	readonly id: number;
	readonly job_id: Buffer;
	readonly facts: string;
	readonly type: number | null;
	readonly name: string | null;
	readonly shape_id: number | null;
}

const FOUND_COLUMNS = 'id, job_id, facts, type, name, shape_id';

const VALUES_COLUMNS = ['node_id', 'worker_id', 'worker_pid', 'is_paused'] as const;
const SETTLED_COLUMNS = [
	'display_name',
	'state',
	'error_type',
	'creation_ms',
	'is_open',
	'mark',
	'facts',
] as const;
const DEFINITION_COLUMNS = [
	'shape_id',
	'type',
	'name',
	'parent_task_id',
	'actor_id',
	'placement_group_id',
] as const;

const NO_DEFINITION: readonly null[] = DEFINITION_COLUMNS.map(() => null);

/** Writes attempts at tasks: merges what is new with what is stored, and settles what it comes to. */
export class TaskWriter {
	readonly #find: SqliteStatement;
	readonly #insert: SqliteStatement;
	readonly #update: SqliteStatement;
	readonly #updateDefinition: SqliteStatement;
	readonly #openOfWorker: SqliteStatement;
	readonly #openOfJob: SqliteStatement;
	readonly #findShape: SqliteStatement;
	readonly #insertShape: SqliteStatement;
	readonly #functionOfShape: SqliteStatement;
	readonly #entities: EntityWriter;
	readonly #search: SearchWriter;
	/** Ids of shapes by session and JSON; cleared when it has grown or a transaction was undone. */
	readonly #shapes = new Map<string, number>();

	constructor(database: SqliteDatabase, entities: EntityWriter, search: SearchWriter) {
		this.#entities = entities;
		this.#search = search;
		const changing = [...VALUES_COLUMNS, ...SETTLED_COLUMNS];
		const all = ['session_id', 'task_id', 'attempt', 'job_id', ...changing, ...DEFINITION_COLUMNS];
		this.#find = database.prepare(
			`SELECT ${FOUND_COLUMNS} FROM task WHERE session_id = ? AND task_id = ? AND attempt = ?`,
		);
		this.#insert = database.prepare(
			`INSERT INTO task (${all.join(', ')}) VALUES (${all.map(() => '?').join(', ')}) ON CONFLICT DO NOTHING`,
		);
		this.#update = database.prepare(`UPDATE task SET ${assign(['job_id', ...changing])} WHERE id = ?`);
		this.#updateDefinition = database.prepare(`UPDATE task SET ${assign(DEFINITION_COLUMNS)} WHERE id = ?`);
		const open = `SELECT ${FOUND_COLUMNS} FROM task WHERE session_id = ? AND is_open = 1`;
		this.#openOfWorker = database.prepare(`${open} AND worker_id = ?`);
		this.#openOfJob = database.prepare(`${open} AND job_id = ?`);
		this.#findShape = database.prepare('SELECT id FROM shape WHERE session_id = ? AND key = ?');
		this.#functionOfShape = database.prepare('SELECT function_name FROM shape WHERE id = ?');
		this.#insertShape = database.prepare(
			'INSERT INTO shape (session_id, key, type, function_name, language, json) VALUES (?, ?, ?, ?, ?, ?)',
		);
	}

	/** Forgets ids that a transaction which was undone has given. */
	forget(): void {
		this.#shapes.clear();
	}

	write(sessionId: number, tasks: Iterable<TaskRecord>): void {
		for (const task of tasks) this.#writeOne(sessionId, task);
	}

	/** Settles anew whatever reported no end and ran in these workers, or belonged to these jobs. */
	settle(sessionId: number, workerIds: Iterable<string>, jobIds: Iterable<string>): void {
		for (const workerId of workerIds) {
			this.#settleRows(sessionId, this.#openOfWorker.all(sessionId, toBlob(workerId)) as StoredTask[]);
		}

		for (const jobId of jobIds) {
			this.#settleRows(sessionId, this.#openOfJob.all(sessionId, toBlob(jobId)) as StoredTask[]);
		}
	}

	#writeOne(sessionId: number, task: TaskRecord): void {
		const taskId = toBlob(task.taskId)!;
		const {definition, jobId} = task;
		// Most are new: nobody looks for what is stored before it turns out that something is.
		const {changes} = this.#insert.run(
			sessionId,
			taskId,
			task.attempt,
			toBlob(jobId),
			...this.#settledRow(sessionId, jobId, task, definition),
			...(definition === undefined ? NO_DEFINITION : this.#definitionRow(sessionId, definition)),
		);
		if (changes === 0) this.#merge(sessionId, taskId, task);
		if (task.errorMessage !== undefined) this.#search.addError(sessionId, task.taskId, task.errorMessage);
	}

	#merge(sessionId: number, taskId: Buffer, task: TaskRecord): void {
		const stored = this.#find.get(sessionId, taskId, task.attempt) as StoredTask;
		const facts = decodeTaskFacts(stored.facts);
		const definition =
			task.definition !== undefined && task.definition.clock > facts.definedAt ? task.definition : undefined;
		mergeTaskFacts(facts, decodeTaskFacts(task.facts));
		const jobId = stored.job_id.toString('hex');
		const names = definition ?? this.#storedNames(stored);
		this.#update.run(
			stored.job_id,
			...this.#settledRow(sessionId, jobId, outlineTask(facts), names),
			stored.id,
		);
		if (definition !== undefined) {
			this.#updateDefinition.run(...this.#definitionRow(sessionId, definition), stored.id);
		}
	}

	#settleRows(sessionId: number, rows: readonly StoredTask[]): void {
		for (const row of rows) {
			const jobId = row.job_id.toString('hex');
			const outline = outlineTask(decodeTaskFacts(row.facts));
			const settled = this.#settledRow(sessionId, jobId, outline, this.#storedNames(row));
			this.#update.run(row.job_id, ...settled, row.id);
		}
	}

	/** In the order of `VALUES_COLUMNS` and `SETTLED_COLUMNS`. */
	#settledRow(
		sessionId: number,
		jobId: string,
		outline: TaskOutline,
		names: TaskNames | undefined,
	): SqliteValue[] {
		const {nodeId, workerId, workerPid = null, isPaused, actorName, isOpen} = outline;
		// Only what reported no end depends on how its worker and its job ended.
		const {state, errorType, creationMs, mark} = settleTask(
			outline,
			jobId,
			!isOpen || workerId === undefined ? undefined : this.#endOfWorker(sessionId, workerId),
			isOpen ? this.#endOfJob(sessionId, jobId) : undefined,
		);
		return [
			toBlob(nodeId),
			toBlob(workerId),
			workerPid,
			isPaused === undefined ? null : Number(isPaused),
			findDisplayName(names, actorName),
			state,
			errorType,
			creationMs,
			Number(isOpen),
			mark === null ? null : JSON.stringify(mark),
			outline.facts,
		];
	}

	#storedNames(stored: StoredTask | undefined): TaskNames | undefined {
		if (stored?.type !== TYPE_ACTOR_TASK || stored.shape_id === null) return undefined;
		const {function_name: functionName} = this.#functionOfShape.get(stored.shape_id) as {
			function_name: string;
		};
		return {name: stored.name ?? '', type: stored.type, functionName};
	}

	#endOfWorker(sessionId: number, workerId: string): WorkerEnd | undefined {
		const worker: WorkerRecord | undefined = this.#entities.find(sessionId, 'worker', workerId);
		return worker === undefined || worker.isAlive ? undefined : worker;
	}

	#endOfJob(sessionId: number, jobId: string): string | undefined {
		const job: JobRecord | undefined = this.#entities.find(sessionId, 'job', jobId);
		return job?.isFinished === true ? toNanoseconds(job.endMs) : undefined;
	}

	/** In the order of `DEFINITION_COLUMNS`. */
	#definitionRow(sessionId: number, definition: DefinitionRecord): SqliteValue[] {
		if (definition.name !== definition.functionName) this.#search.addName(sessionId, definition.name);
		return [
			this.#shapeId(sessionId, definition.shapeJson),
			definition.type,
			definition.name,
			toBlob(definition.parentTaskId),
			toBlob(definition.actorId),
			toBlob(definition.placementGroupId),
		];
	}

	#shapeId(sessionId: number, json: string): number {
		const name = `${sessionId} ${json}`;
		let id = this.#shapes.get(name);
		if (id !== undefined) return id;
		const key = createHash('sha256').update(json).digest().subarray(0, 16);
		id = (this.#findShape.get(sessionId, key) as {id: number} | undefined)?.id;
		if (id === undefined) {
			const {type, functionName, language} = JSON.parse(json) as TaskShape;
			id = Number(this.#insertShape.run(sessionId, key, type, functionName, language, json).lastInsertRowid);
			this.#search.addName(sessionId, functionName);
		}

		if (this.#shapes.size > 10_000) this.#shapes.clear();
		this.#shapes.set(name, id);
		return id;
	}
}

/** What of a definition decides how the task is called. */
type TaskNames = Pick<DefinitionRecord, 'name' | 'type' | 'functionName'>;

/** A method of an actor that has a name of its own is called after it, unless the task was named itself. */
function findDisplayName(names: TaskNames | undefined, actorName: string | undefined): string | null {
	if (!actorName || names?.type !== TYPE_ACTOR_TASK) return null;
	const {name, functionName} = names;
	if (name !== functionName) return null;
	return `${actorName}.${functionName.slice(functionName.lastIndexOf('.') + 1)}`;
}

function assign(columns: readonly string[]): string {
	return columns.map(column => `${column} = ?`).join(', ');
}

/** Null for an id that is not set. */
export function toBlob(hex: string | undefined): Buffer | null {
	return hex === undefined || hex === '' ? null : Buffer.from(hex, 'hex');
}
