import {createHash} from 'node:crypto';

import type {JobRecord, WorkerRecord} from '../ingest/entity-records.js';
import type {TaskDefinition, TaskShape} from '../ingest/decode-task-definition.js';
import {TYPE_ACTOR_TASK} from '../ingest/ray-enums.js';
import {settleTask, type WorkerEnd} from '../ingest/settle-task.js';
import {
	decodeTaskFacts,
	encodeTaskFacts,
	mergeTaskFacts,
	type NewTaskFacts,
	type TaskFacts,
} from '../ingest/task-facts.js';
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
			`INSERT INTO task (${all.join(', ')}) VALUES (${all.map(() => '?').join(', ')})`,
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

	write(sessionId: number, tasks: Iterable<NewTaskFacts>): void {
		for (const facts of tasks) this.#writeOne(sessionId, facts);
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

	#writeOne(sessionId: number, facts: NewTaskFacts): void {
		const taskId = toBlob(facts.taskId)!;
		const stored = this.#find.get(sessionId, taskId, facts.attempt) as StoredTask | undefined;
		let {definition, jobId} = facts;
		if (stored !== undefined) {
			const known = decodeTaskFacts(stored.facts);
			if (known.definedAt >= facts.definedAt) definition = undefined;
			mergeTaskFacts(facts, known);
			jobId = stored.job_id.toString('hex');
		}

		const row = this.#settledRow(sessionId, jobId, facts, definition ?? this.#storedNames(stored));
		if (stored !== undefined) {
			this.#update.run(toBlob(jobId), ...row, stored.id);
			if (definition !== undefined) {
				this.#updateDefinition.run(...this.#definitionRow(sessionId, definition), stored.id);
			}
		} else {
			this.#insert.run(
				sessionId,
				taskId,
				facts.attempt,
				toBlob(jobId),
				...row,
				...(definition === undefined
					? DEFINITION_COLUMNS.map(() => null)
					: this.#definitionRow(sessionId, definition)),
			);
		}

		const error = facts.values.get('error')?.[0] as readonly [string, string] | undefined;
		if (error !== undefined) this.#search.addError(sessionId, facts.taskId, error[1]);
	}

	#settleRows(sessionId: number, rows: readonly StoredTask[]): void {
		for (const row of rows) {
			const jobId = row.job_id.toString('hex');
			const facts = decodeTaskFacts(row.facts);
			const settled = this.#settledRow(sessionId, jobId, facts, this.#storedNames(row));
			this.#update.run(row.job_id, ...settled, row.id);
		}
	}

	/** In the order of `VALUES_COLUMNS` and `SETTLED_COLUMNS`. */
	#settledRow(
		sessionId: number,
		jobId: string,
		facts: TaskFacts,
		names: TaskNames | undefined,
	): SqliteValue[] {
		const value = (name: 'nodeId' | 'workerId' | 'workerPid' | 'isPaused' | 'actorName') =>
			facts.values.get(name)?.[0];
		const workerId = value('workerId') as string | undefined;
		const {state, errorType, creationMs, isOpen, mark} = settleTask(
			facts,
			jobId,
			workerId === undefined ? undefined : this.#endOfWorker(sessionId, workerId),
			this.#endOfJob(sessionId, jobId),
		);
		const isPaused = value('isPaused');
		return [
			toBlob(value('nodeId') as string | undefined),
			toBlob(workerId),
			(value('workerPid') as number | undefined) ?? null,
			isPaused === undefined ? null : Number(isPaused),
			findDisplayName(names, value('actorName') as string | undefined),
			state,
			errorType,
			creationMs,
			Number(isOpen),
			mark === null ? null : JSON.stringify(mark),
			encodeTaskFacts(facts),
		];
	}

	#storedNames(stored: StoredTask | undefined): TaskNames | undefined {
		if (stored?.type !== TYPE_ACTOR_TASK || stored.shape_id === null) return undefined;
		const {function_name: functionName} = this.#functionOfShape.get(stored.shape_id) as {
			function_name: string;
		};
		return {name: stored.name ?? '', shape: {type: stored.type, functionName}};
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
	#definitionRow(sessionId: number, definition: TaskDefinition): SqliteValue[] {
		if (definition.name !== definition.shape.functionName) this.#search.addName(sessionId, definition.name);
		return [
			this.#shapeId(sessionId, definition.shape),
			definition.shape.type,
			definition.name,
			toBlob(definition.parentTaskId),
			toBlob(definition.actorId),
			toBlob(definition.placementGroupId),
		];
	}

	#shapeId(sessionId: number, shape: TaskShape): number {
		const json = JSON.stringify(shape);
		const name = `${sessionId} ${json}`;
		let id = this.#shapes.get(name);
		if (id !== undefined) return id;
		const key = createHash('sha256').update(json).digest().subarray(0, 16);
		id = (this.#findShape.get(sessionId, key) as {id: number} | undefined)?.id;
		if (id === undefined) {
			const {type, functionName, language} = shape;
			id = Number(this.#insertShape.run(sessionId, key, type, functionName, language, json).lastInsertRowid);
			this.#search.addName(sessionId, functionName);
		}

		if (this.#shapes.size > 10_000) this.#shapes.clear();
		this.#shapes.set(name, id);
		return id;
	}
}

/** What of a definition decides how the task is called. */
interface TaskNames {
	readonly name: string;
	readonly shape: Pick<TaskShape, 'type' | 'functionName'>;
}

/** A method of an actor that has a name of its own is called after it, unless the task was named itself. */
function findDisplayName(names: TaskNames | undefined, actorName: string | undefined): string | null {
	if (!actorName || names?.shape.type !== TYPE_ACTOR_TASK) return null;
	const {functionName} = names.shape;
	if (names.name !== functionName) return null;
	return `${actorName}.${functionName.slice(functionName.lastIndexOf('.') + 1)}`;
}

function assign(columns: readonly string[]): string {
	return columns.map(column => `${column} = ?`).join(', ');
}

/** Null for an id that is not set. */
export function toBlob(hex: string | undefined): Buffer | null {
	return hex === undefined || hex === '' ? null : Buffer.from(hex, 'hex');
}
