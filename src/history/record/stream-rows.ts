import {deserialize, serialize} from 'node:v8';

import type {SessionCheckpoint} from '../../core/engine/engine.js';
import {systemClock, type Clock} from '../../core/util/clock.js';
import {createDeferred, type Deferred} from '../../core/util/deferred.js';
import type {
	ArchivedFacts,
	ArchivedFinal,
	ArchivedStream,
	ArchivedUpdate,
	StreamArchive,
} from '../../server/stream/stream-archive.js';
import {openDatabase, type OpenDatabaseOptions} from '../store/open-database.js';
import type {SqliteDatabase, SqliteValue} from '../store/sqlite-database.js';

/** What all sessions come to in this time is written together. A final is told so much later at most. */
const BATCH_MS = 10;
/** While another process writes, the next attempt comes after this ... */
const RETRY_MS = 50;
/** ... and after so many, finals are told though they are not kept yet. */
const MAX_PATIENCE = 20;
/** A client that has not come back in a day does not come back. */
const KEPT_MS = 24 * 60 * 60 * 1000;

export interface SqliteStreamArchiveOptions {
	/** @default the system's */
	readonly clock?: Clock;
	/** Wall clock, ms since 1970. @default the system's */
	readonly nowMs?: () => number;
}

/** @throws {InfinisstError} `INPUT_UNREADABLE`. */
export async function openStreamArchive(
	options: Pick<OpenDatabaseOptions, 'path'>,
	more: SqliteStreamArchiveOptions = {},
): Promise<StreamArchive> {
	// It must survive the end of the process, not of the machine: the audio is in the clients' memory.
	return new SqliteStreamArchive(await openDatabase({...options, survivesPowerCut: false}), more);
}

type Write = () => void;

/** Streams in the history's file. Takes any database that fits, and closes it. */
export class SqliteStreamArchive implements StreamArchive {
	readonly #database: SqliteDatabase;
	readonly #clock: Clock;
	readonly #nowMs: () => number;
	#writes: Write[] = [];
	/** Settles those who wait for the writes. */
	#batch: Deferred<void> | undefined;
	#attempts = 0;
	#cancelTimer: (() => void) | undefined;

	constructor(
		database: SqliteDatabase,
		{clock = systemClock, nowMs = Date.now}: SqliteStreamArchiveOptions = {},
	) {
		this.#database = database;
		this.#clock = clock;
		this.#nowMs = nowMs;
		// Nobody else shall be able to stop the thread that serves sockets: a busy file is tried again.
		database.exec('PRAGMA busy_timeout = 0');
		void this.#push(() => this.#run('DELETE FROM stream WHERE saved_ms < ?', this.#nowMs() - KEPT_MS));
	}

	open(facts: ArchivedFacts): Promise<void> {
		return this.#push(() =>
			this.#run(
				'INSERT OR REPLACE INTO stream (id, token_hash, saved_ms, facts) VALUES (?, ?, ?, ?)',
				facts.id,
				facts.tokenHash,
				this.#nowMs(),
				JSON.stringify(facts),
			),
		);
	}

	save(id: string, {finals, checkpoint, segments, sourceLanguage}: ArchivedUpdate): Promise<void> {
		// Now: the state may be another when it is written.
		const state = serialize(checkpoint);
		return this.#push(() => {
			const changes = this.#run(
				'UPDATE stream SET saved_ms = ?, checkpoint = ?, segments = ?, source_language = ? WHERE id = ?',
				this.#nowMs(),
				state,
				segments,
				sourceLanguage,
				id,
			);
			if (changes === 0) return;
			for (const {ordinal, seq, json} of finals) {
				this.#run(
					'INSERT OR REPLACE INTO stream_final (stream_id, ordinal, seq, json) VALUES (?, ?, ?, ?)',
					id,
					ordinal,
					seq,
					json,
				);
			}
		});
	}

	find(tokenHash: string): ArchivedStream | undefined {
		this.#flush();
		const row = this.#database
			.prepare('SELECT id, facts, segments, source_language, checkpoint FROM stream WHERE token_hash = ?')
			.get(tokenHash) as StreamRow | undefined;
		if (row === undefined) return undefined;
		const finals = this.#database
			.prepare('SELECT ordinal, seq, json FROM stream_final WHERE stream_id = ? ORDER BY ordinal')
			.all(row.id) as ArchivedFinal[];
		return {
			...(JSON.parse(row.facts) as ArchivedFacts),
			finals,
			segments: row.segments,
			sourceLanguage: row.source_language,
			checkpoint: row.checkpoint === null ? undefined : (deserialize(row.checkpoint) as SessionCheckpoint),
		};
	}

	forget(id: string): void {
		void this.#push(() => this.#run('DELETE FROM stream WHERE id = ?', id));
	}

	close(): Promise<void> {
		if (this.#database.open) {
			this.#flush();
			this.#cancelTimer?.();
			this.#database.close();
		}
		return Promise.resolve();
	}

	/** Resolves when it is written. */
	#push(write: Write): Promise<void> {
		this.#writes.push(write);
		this.#batch ??= createDeferred();
		this.#cancelTimer ??= this.#clock.after(BATCH_MS, () => this.#flush());
		return this.#batch.promise;
	}

	#flush(): void {
		this.#cancelTimer?.();
		this.#cancelTimer = undefined;
		if (this.#writes.length === 0) return;
		try {
			this.#database.exec('BEGIN IMMEDIATE');
			try {
				for (const write of this.#writes) write();
				this.#database.exec('COMMIT');
			} catch (error) {
				this.#database.exec('ROLLBACK');
				throw error;
			}
		} catch (error) {
			if (isBusy(error)) this.#retry(error);
			else this.#settle(error);
			return;
		}
		this.#settle(undefined);
	}

	#retry(error: unknown): void {
		this.#cancelTimer = this.#clock.after(RETRY_MS, () => this.#flush());
		if (++this.#attempts < MAX_PATIENCE) return;
		// What waits is kept, and written when the file is free.
		this.#attempts = 0;
		this.#batch?.reject(error);
		this.#batch = undefined;
	}

	#settle(error: unknown): void {
		this.#attempts = 0;
		this.#writes = [];
		if (error === undefined) this.#batch?.resolve();
		else this.#batch?.reject(error);
		this.#batch = undefined;
	}

	#run(sql: string, ...values: SqliteValue[]): number {
		return this.#database.prepare(sql).run(...values).changes;
	}
}

interface StreamRow {
	readonly id: string;
	readonly facts: string;
	readonly segments: number;
	readonly source_language: string | null;
	readonly checkpoint: Buffer | null;
}

function isBusy(error: unknown): boolean {
	return String((error as {code?: unknown}).code).startsWith('SQLITE_BUSY');
}
