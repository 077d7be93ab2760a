import {deserialize} from 'node:v8';

import type {SessionCheckpoint, SessionOptions} from '../../core/engine/engine.js';
import {InfinisstError} from '../../core/errors.js';
import type {ArchivedFacts, ArchivedFinal, ArchivedStream} from '../../server/stream/stream-archive.js';
import type {SqliteDatabase, SqliteValue} from '../store/sqlite-database.js';

/** A client that has not come back in a day does not come back. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/** What shall be kept of a stream, or no longer. */
export type StreamChange =
	| {readonly type: 'open'; readonly atMs: number; readonly facts: ArchivedFacts}
	| {
			readonly type: 'save';
			readonly atMs: number;
			readonly id: string;
			readonly finals: readonly ArchivedFinal[];
			readonly segments: number;
			readonly sourceLanguage: string | null;
			/** Where they are others than before. */
			readonly options?: SessionOptions;
			/** A `SessionCheckpoint`, as `v8.serialize()` writes it. */
			readonly checkpoint: Uint8Array;
	  }
	| {readonly type: 'forget'; readonly id: string};

interface StreamRow {
	readonly id: string;
	readonly facts: string;
	readonly segments: number;
	readonly source_language: string | null;
	readonly checkpoint: Buffer | null;
}

/** Streams as rows of the history's file. Takes any database that fits, and closes it. */
export class StreamRows {
	readonly #database: SqliteDatabase;
	readonly #busyTimeoutMs: number;

	/** @param busyTimeoutMs - how long a write waits for another process that writes. */
	constructor(database: SqliteDatabase, busyTimeoutMs: number) {
		this.#database = database;
		this.#busyTimeoutMs = busyTimeoutMs;
		database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
	}

	/**
	 * All of it or, when it throws, nothing.
	 *
	 * @throws {InfinisstError} `HISTORY_LOCKED` while another process writes; what the database throws.
	 */
	write(changes: readonly StreamChange[]): void {
		try {
			this.#database.exec('BEGIN IMMEDIATE');
			try {
				for (const change of changes) this.#apply(change);
				this.#database.exec('COMMIT');
			} catch (error) {
				this.#database.exec('ROLLBACK');
				throw error;
			}
		} catch (error) {
			if (!String((error as {code?: unknown}).code).startsWith('SQLITE_BUSY')) throw error;
			throw new InfinisstError(
				'HISTORY_LOCKED',
				`Another process writes to the history for longer than ${this.#busyTimeoutMs} ms`,
				{cause: error},
			);
		}
	}

	find(tokenHash: string): ArchivedStream | undefined {
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

	/** Deletes those of the day before. */
	prune(nowMs: number): void {
		this.#run('DELETE FROM stream WHERE saved_ms < ?', nowMs - KEPT_MS);
	}

	/** Idempotent. */
	close(): void {
		if (this.#database.open) this.#database.close();
	}

	#apply(change: StreamChange): void {
		switch (change.type) {
			case 'open': {
				const {facts, atMs} = change;
				this.#run(
					'INSERT OR REPLACE INTO stream (id, token_hash, saved_ms, facts) VALUES (?, ?, ?, ?)',
					facts.id,
					facts.tokenHash,
					atMs,
					JSON.stringify(facts),
				);
				return;
			}
			case 'save':
				this.#save(change);
				return;
			case 'forget':
				this.#run('DELETE FROM stream WHERE id = ?', change.id);
		}
	}

	#save({
		id,
		atMs,
		checkpoint,
		segments,
		sourceLanguage,
		finals,
		options,
	}: Extract<StreamChange, {type: 'save'}>): void {
		const changes = this.#run(
			'UPDATE stream SET saved_ms = ?, checkpoint = ?, segments = ?, source_language = ? WHERE id = ?',
			atMs,
			Buffer.from(checkpoint.buffer, checkpoint.byteOffset, checkpoint.byteLength),
			segments,
			sourceLanguage,
			id,
		);
		if (changes === 0) return;
		if (options !== undefined) {
			this.#run(
				"UPDATE stream SET facts = json_set(facts, '$.options', json(?)) WHERE id = ?",
				JSON.stringify(options),
				id,
			);
		}
		for (const {ordinal, seq, json} of finals) {
			this.#run(
				'INSERT OR REPLACE INTO stream_final (stream_id, ordinal, seq, json) VALUES (?, ?, ?, ?)',
				id,
				ordinal,
				seq,
				json,
			);
		}
	}

	#run(sql: string, ...values: SqliteValue[]): number {
		return this.#database.prepare(sql).run(...values).changes;
	}
}
