import {timingSafeEqual} from 'node:crypto';

import {InfinisstError} from '../../core/errors.js';
import {hashToken} from '../../core/util/hash-token.js';
import type {Damage} from '../ingest/event-batch.js';
import {toMilliseconds} from '../ingest/wire-values.js';
import type {HistoryStore} from './history-store.js';
import type {ClusterKey, ImportProgress, SessionSummary, SessionWrite} from './history-types.js';
import {openDatabase, type OpenDatabaseOptions} from './open-database.js';
import {readSessionWrites} from './read-session-writes.js';
import {searchHistory, type SearchHit, type SearchOptions} from './search-history.js';
import {SessionReader} from './session-reader.js';
import type {SqliteDatabase} from './sqlite-database.js';
import {EntityWriter} from './write-entities.js';
import {LogWriter} from './write-logs.js';
import {SearchWriter} from './write-search.js';
import {TaskWriter} from './write-tasks.js';

/** @throws {InfinisstError} `INPUT_UNREADABLE`. */
export async function openHistory(options: OpenDatabaseOptions): Promise<HistoryStore> {
	return new SqliteHistoryStore(await openDatabase(options), options.path);
}

const SELECT_SESSIONS = `
	SELECT session.id, session.name, first_ms, last_ms, revision, is_kept, head_address, head_seen_ms,
		namespace, cluster.name AS cluster_name, owner_kind, owner_name
	FROM session JOIN cluster ON cluster.id = cluster_id`;

/** Holds sessions that are being deleted. No cluster's namespace begins so. */
const DISCARDED_CLUSTER: ClusterKey = {namespace: '\0discarded', name: '', ownerKind: '', ownerName: ''};

/** What a large session is made of, each statement for the session and at most so many rows. */
const SWEEPS = [
	...['search_entry', 'task'].map(
		table => `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE session_id = ? LIMIT ?)`,
	),
	'DELETE FROM log_chunk WHERE id IN (SELECT log_chunk.id FROM log_file JOIN log_chunk ON file_id = log_file.id WHERE session_id = ? LIMIT ?)',
	...[
		['entity_event', 'kind, entity_id, clock'],
		['entity', 'kind, entity_id'],
		['log_event', 'event_id'],
		['snapshot', 'path, query'],
		['import_file', 'path'],
		['damage', 'source, place'],
	].map(
		([table, key]) =>
			`DELETE FROM ${table} WHERE (session_id, ${key}) IN (SELECT session_id, ${key} FROM ${table} WHERE session_id = ? LIMIT ?)`,
	),
];

interface SessionRow {
	readonly id: number;
	readonly name: string;
	readonly first_ms: number | null;
	readonly last_ms: number | null;
	readonly revision: number;
	readonly is_kept: number;
	readonly head_address: string | null;
	readonly head_seen_ms: number | null;
	readonly namespace: string;
	readonly cluster_name: string;
	readonly owner_kind: string;
	readonly owner_name: string;
}

/** The history in SQLite. Takes any database that fits, so that this file loads no native module. */
export class SqliteHistoryStore implements HistoryStore {
	readonly path: string;
	readonly #database: SqliteDatabase;
	readonly #entities: EntityWriter;
	readonly #search: SearchWriter;
	readonly #tasks: TaskWriter;
	readonly #logs: LogWriter;
	#dataVersion = 0;

	constructor(database: SqliteDatabase, path: string) {
		this.#database = database;
		this.path = path;
		this.#entities = new EntityWriter(database);
		this.#search = new SearchWriter(database);
		this.#tasks = new TaskWriter(database, this.#entities, this.#search);
		this.#logs = new LogWriter(database, this.#search);
	}

	openSession(cluster: ClusterKey, name: string): number {
		return this.#transaction(() => {
			const clusterId = this.#openCluster(cluster);
			this.#run(
				'INSERT INTO session (cluster_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING',
				clusterId,
				name,
			);
			const row = this.#statement('SELECT id FROM session WHERE cluster_id = ? AND name = ?').get(
				clusterId,
				name,
			);
			return (row as {id: number}).id;
		});
	}

	write(sessionId: number, what: SessionWrite): void {
		this.#transaction(() => this.#write(sessionId, what));
	}

	sessions(): readonly SessionSummary[] {
		const rows = this.#statement(
			`${SELECT_SESSIONS} WHERE namespace <> ? ORDER BY COALESCE(last_ms, 0) DESC, session.name DESC`,
		).all(DISCARDED_CLUSTER.namespace);
		return (rows as SessionRow[]).map(toSummary);
	}

	session(sessionId: number): SessionSummary | undefined {
		const row = this.#statement(`${SELECT_SESSIONS} WHERE session.id = ? AND namespace <> ?`).get(
			sessionId,
			DISCARDED_CLUSTER.namespace,
		);
		return row === undefined ? undefined : toSummary(row as SessionRow);
	}

	read(sessionId: number): SessionReader {
		const session = this.session(sessionId);
		if (session === undefined)
			throw new InfinisstError('HISTORY_UNKNOWN', `The history holds no session ${sessionId}`);
		return new SessionReader(this.#database, session);
	}

	readWrites(sessionId: number): Iterable<SessionWrite> {
		return readSessionWrites(this.#database, this.read(sessionId).session);
	}

	importProgress(sessionId: number, path: string): ImportProgress | undefined {
		const row = this.#statement(
			'SELECT size, modified_ms, lines_read, is_complete FROM import_file WHERE session_id = ? AND path = ?',
		).get(sessionId, path) as
			{size: number; modified_ms: number; lines_read: number; is_complete: number} | undefined;
		return row === undefined
			? undefined
			: {
					path,
					sizeBytes: row.size,
					modifiedMs: row.modified_ms,
					linesRead: row.lines_read,
					isComplete: row.is_complete === 1,
				};
	}

	damages(sessionId: number, limit: number): {readonly count: number; readonly first: readonly Damage[]} {
		const {count} = this.#statement('SELECT count(*) AS count FROM damage WHERE session_id = ?').get(
			sessionId,
		) as {count: number};
		const first = this.#statement(
			'SELECT source, place, reason FROM damage WHERE session_id = ? ORDER BY source, place LIMIT ?',
		).all(sessionId, limit) as Damage[];
		return {count, first};
	}

	search(text: string, options: SearchOptions): readonly SearchHit[] {
		return searchHistory(this.#database, text, options);
	}

	discardSession(sessionId: number): void {
		this.#transaction(() => {
			// To a cluster that nobody can name, under a name that is free.
			this.#run(
				'UPDATE session SET cluster_id = ?, name = id WHERE id = ?',
				this.#openCluster(DISCARDED_CLUSTER),
				sessionId,
			);
			this.#run(
				'DELETE FROM cluster WHERE token_hash IS NULL AND id NOT IN (SELECT cluster_id FROM session)',
			);
		});
	}

	sweep(maxRows: number): boolean {
		return this.#transaction(() => {
			const row = this.#statement(
				'SELECT session.id FROM session JOIN cluster ON cluster.id = cluster_id WHERE namespace = ? LIMIT 1',
			).get(DISCARDED_CLUSTER.namespace) as {id: number} | undefined;
			if (row === undefined) return false;
			let left = maxRows;
			for (const sql of SWEEPS) {
				left -= this.#statement(sql).run(row.id, left).changes;
				if (left <= 0) return true;
			}

			// The small tables go with it.
			this.#run('DELETE FROM session WHERE id = ?', row.id);
			return true;
		});
	}

	keepSession(sessionId: number, isKept: boolean): void {
		this.#transaction(() =>
			this.#run('UPDATE session SET is_kept = ? WHERE id = ?', Number(isKept), sessionId),
		);
	}

	setClusterToken(cluster: ClusterKey, token: string): void {
		this.#transaction(() => {
			const id = this.#openCluster(cluster);
			this.#run('UPDATE cluster SET token_hash = ? WHERE id = ?', token === '' ? null : hashToken(token), id);
		});
	}

	mayRead({namespace, name, ownerKind, ownerName}: ClusterKey, token: string): boolean {
		const row = this.#statement(
			'SELECT token_hash FROM cluster WHERE namespace = ? AND name = ? AND owner_kind = ? AND owner_name = ?',
		).get(namespace, name, ownerKind, ownerName) as {token_hash: string | null} | undefined;
		const hash = row?.token_hash ?? null;
		return hash === null || timingSafeEqual(Buffer.from(hash, 'hex'), Buffer.from(hashToken(token), 'hex'));
	}

	sizeBytes(): number {
		const {page_count: pages} = this.#statement('PRAGMA page_count').get() as {page_count: number};
		const {page_size: size} = this.#statement('PRAGMA page_size').get() as {page_size: number};
		return pages * size;
	}

	usedBytes(): number {
		const {freelist_count: free} = this.#statement('PRAGMA freelist_count').get() as {freelist_count: number};
		const {page_size: size} = this.#statement('PRAGMA page_size').get() as {page_size: number};
		return this.sizeBytes() - free * size;
	}

	vacuum(): void {
		this.#guard(() =>
			this.#database.exec("INSERT INTO search_text (search_text) VALUES ('optimize'); VACUUM"),
		);
	}

	verify(): readonly string[] {
		try {
			const problems = (this.#statement('PRAGMA integrity_check').all() as {integrity_check: string}[])
				.map(row => row.integrity_check)
				.filter(text => text !== 'ok');
			const orphans = this.#statement('PRAGMA foreign_key_check').all() as {table: string; rowid: number}[];
			return [...problems, ...orphans.map(({table, rowid}) => `row ${rowid} of ${table} points at nothing`)];
		} catch (error) {
			// So damaged that not even the check can read it.
			if (!String((error as {code?: unknown}).code).startsWith('SQLITE_')) throw error;
			return [(error as Error).message];
		}
	}

	close(): void {
		if (this.#database.open) this.#database.close();
	}

	#write(sessionId: number, what: SessionWrite): void {
		const {events, snapshots = [], logEvents = [], logPieces = [], damages = [], progress, head} = what;
		// A session of which no event came lived at least as long as its head answered.
		let firstMs: number | null = head?.seenMs ?? null;
		let lastMs: number | null = head?.seenMs ?? null;
		if (events !== undefined) {
			// Workers and jobs first: tasks that are written then know of their end at once.
			const changed = this.#entities.write(sessionId, events.entityEvents);
			this.#tasks.write(sessionId, events.taskRecords);
			this.#tasks.settle(sessionId, changed.get('worker') ?? [], changed.get('job') ?? []);
			if (events.firstNs !== '') {
				firstMs = Math.min(firstMs ?? Infinity, toMilliseconds(events.firstNs));
				lastMs = Math.max(lastMs ?? 0, toMilliseconds(events.lastNs));
			}
		}

		for (const {path, query, fetchedMs, body} of snapshots) {
			// Of two at the same moment the greater text stays, so that the order does not matter.
			this.#run(
				`INSERT INTO snapshot (session_id, path, query, fetched_ms, body) VALUES (?, ?, ?, ?, ?)
				ON CONFLICT DO UPDATE SET fetched_ms = excluded.fetched_ms, body = excluded.body
				WHERE (excluded.fetched_ms, excluded.body) > (fetched_ms, body)`,
				...[sessionId, path, query, fetchedMs, body],
			);
		}

		for (const {eventId, jobId, timestamp, json} of logEvents) {
			this.#run(
				'INSERT INTO log_event (session_id, event_id, job_id, timestamp, json) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
				...[sessionId, eventId, jobId, timestamp, json],
			);
		}

		this.#logs.write(sessionId, logPieces);
		this.#logs.move(sessionId, what.logMoves ?? []);
		this.#logs.append(sessionId, what.logAppends ?? []);
		if (head !== undefined) {
			this.#run(
				'UPDATE session SET head_address = ?, head_seen_ms = ? WHERE id = ?',
				...[head.address, head.seenMs, sessionId],
			);
		}

		if (progress?.linesRead === 0 && !progress.isComplete) {
			this.#run('DELETE FROM damage WHERE session_id = ? AND source = ?', sessionId, progress.path);
		}

		for (const {source, place, reason} of [...damages, ...(events?.damages ?? [])]) {
			this.#run(
				'INSERT INTO damage (session_id, source, place, reason) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
				...[sessionId, source, place, reason],
			);
		}

		if (progress !== undefined) this.#writeProgress(sessionId, progress);
		// The two-argument min() and max() are NULL as soon as one of theirs is.
		this.#run(
			`UPDATE session SET revision = revision + 1,
				first_ms = min(COALESCE(first_ms, ?), COALESCE(?, first_ms)),
				last_ms = max(COALESCE(last_ms, ?), COALESCE(?, last_ms))
			WHERE id = ?`,
			...[firstMs, firstMs, lastMs, lastMs, sessionId],
		);
	}

	#writeProgress(sessionId: number, progress: ImportProgress): void {
		this.#run(
			`INSERT INTO import_file (session_id, path, size, modified_ms, lines_read, is_complete) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET size = excluded.size, modified_ms = excluded.modified_ms,
				lines_read = excluded.lines_read, is_complete = excluded.is_complete`,
			sessionId,
			progress.path,
			progress.sizeBytes,
			progress.modifiedMs,
			progress.linesRead,
			Number(progress.isComplete),
		);
	}

	#openCluster({namespace, name, ownerKind, ownerName}: ClusterKey): number {
		const values = [namespace, name, ownerKind, ownerName] as const;
		this.#run(
			'INSERT INTO cluster (namespace, name, owner_kind, owner_name) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
			...values,
		);
		const row = this.#statement(
			'SELECT id FROM cluster WHERE namespace = ? AND name = ? AND owner_kind = ? AND owner_name = ?',
		).get(...values);
		return (row as {id: number}).id;
	}

	readonly #statements = new Map<string, ReturnType<SqliteDatabase['prepare']>>();

	#statement(sql: string): ReturnType<SqliteDatabase['prepare']> {
		if (!this.#database.open) throw new InfinisstError('RESOURCE_CLOSED', 'The history was closed');
		let statement = this.#statements.get(sql);
		if (statement === undefined) {
			statement = this.#database.prepare(sql);
			this.#statements.set(sql, statement);
		}

		return statement;
	}

	#run(sql: string, ...values: Parameters<ReturnType<SqliteDatabase['prepare']>['run']>): void {
		this.#statement(sql).run(...values);
	}

	#transaction<Result>(work: () => Result): Result {
		return this.#guard(() => {
			this.#run('BEGIN IMMEDIATE');
			try {
				this.#forgetIfChangedElsewhere();
				const result = work();
				this.#run('COMMIT');
				return result;
			} catch (error) {
				this.#forget();
				// When the disk is full SQLite has ended the transaction itself.
				if ((this.#database as {inTransaction?: boolean}).inTransaction !== false) this.#run('ROLLBACK');
				throw error;
			}
		});
	}

	#forgetIfChangedElsewhere(): void {
		const {data_version: version} = this.#statement('PRAGMA data_version').get() as {data_version: number};
		if (version !== this.#dataVersion) this.#forget();
		this.#dataVersion = version;
	}

	#forget(): void {
		this.#entities.forget();
		this.#tasks.forget();
		this.#search.forget();
	}

	#guard<Result>(work: () => Result): Result {
		try {
			return work();
		} catch (error) {
			const code = String((error as {code?: unknown}).code);
			if (code.startsWith('SQLITE_FULL') || code.startsWith('SQLITE_IOERR')) {
				throw new InfinisstError(
					'DISK_FULL',
					`The history ${this.path} cannot grow: ${(error as Error).message}`,
					{
						hint: 'Make room on its disk, or run "infinisst history prune".',
						cause: error,
					},
				);
			}

			if (code.startsWith('SQLITE_BUSY')) {
				throw new InfinisstError('HISTORY_LOCKED', `Another process is writing to the history ${this.path}`, {
					hint: 'Try again in a moment.',
					cause: error,
				});
			}

			throw error;
		}
	}
}

function toSummary(row: SessionRow): SessionSummary {
	return {
		id: row.id,
		cluster: {
			namespace: row.namespace,
			name: row.cluster_name,
			ownerKind: row.owner_kind,
			ownerName: row.owner_name,
		},
		name: row.name,
		firstMs: row.first_ms,
		lastMs: row.last_ms,
		revision: row.revision,
		isKept: row.is_kept === 1,
		headAddress: row.head_address,
		headSeenMs: row.head_seen_ms,
	};
}
