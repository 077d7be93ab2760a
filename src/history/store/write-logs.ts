import {deflateRawSync, inflateRawSync} from 'node:zlib';

import {InfinisstError} from '../../core/errors.js';
import type {LogAppend, LogMove, LogPiece} from './history-types.js';
import type {SqliteDatabase, SqliteStatement} from './sqlite-database.js';
import type {SearchWriter} from './write-search.js';

/** Pieces that are appended one by one grow together up to this size. */
const MAX_MERGED_BYTES = 64 * 1024;

interface LastChunk {
	readonly id: number;
	readonly length: number;
	readonly data: Buffer;
}

/** Keeps log files in pieces, deflated, because logs repeat themselves. */
export class LogWriter {
	readonly #insertFile: SqliteStatement;
	readonly #findFile: SqliteStatement;
	readonly #grow: SqliteStatement;
	readonly #insertChunk: SqliteStatement;
	readonly #findLastChunk: SqliteStatement;
	readonly #deleteChunk: SqliteStatement;
	readonly #identify: SqliteStatement;
	readonly #rename: SqliteStatement;
	readonly #search: SearchWriter;

	constructor(database: SqliteDatabase, search: SearchWriter) {
		this.#search = search;
		this.#insertFile = database.prepare(
			'INSERT INTO log_file (session_id, node_id, path, size) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING',
		);
		this.#findFile = database.prepare(
			'SELECT id, size FROM log_file WHERE session_id = ? AND node_id = ? AND path = ?',
		);
		this.#grow = database.prepare('UPDATE log_file SET size = max(size, ?) WHERE id = ?');
		this.#insertChunk = database.prepare(
			'INSERT INTO log_chunk (file_id, offset, length, data) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
		);
		this.#findLastChunk = database.prepare(
			'SELECT id, length, data FROM log_chunk WHERE file_id = ? ORDER BY offset DESC LIMIT 1',
		);
		this.#deleteChunk = database.prepare('DELETE FROM log_chunk WHERE id = ?');
		this.#identify = database.prepare('UPDATE log_file SET identity = ? WHERE id = ?');
		this.#rename = database.prepare(
			'UPDATE log_file SET path = ? WHERE session_id = ? AND node_id = ? AND path = ? AND identity IS ?',
		);
	}

	/** A piece that begins where one is already stored is taken for that one. Empty files are kept too. */
	write(sessionId: number, pieces: Iterable<LogPiece>): void {
		for (const piece of pieces) {
			const {id} = this.#openFile(sessionId, piece);
			if (piece.bytes.length > 0) this.#insert(sessionId, id, piece.offset, piece.bytes);
		}
	}

	/**
	 * Adds to the end of files; throws `HISTORY_UNKNOWN` where bytes before are missing. Of what is stored already nothing is taken again, so that two may follow the
	 * same file. Small pieces are put together with the one before where that is no larger: each byte is
	 * written anew a few times only, and a file that grows line by line does not fall to dust.
	 */
	append(sessionId: number, pieces: Iterable<LogAppend>): void {
		for (const piece of pieces) {
			const {id, size} = this.#openFile(sessionId, piece);
			// Whoever follows the file knows more of it than the history, which was deleted and made anew.
			if (piece.offset > size)
				throw new InfinisstError('HISTORY_UNKNOWN', `The history lacks the beginning of ${piece.path}`);
			this.#identify.run(piece.identity, id);
			let bytes = piece.bytes.subarray(Math.max(0, size - piece.offset));
			if (bytes.length === 0) continue;
			let offset = size;
			while (bytes.length < MAX_MERGED_BYTES) {
				const last = this.#findLastChunk.get(id) as LastChunk | undefined;
				const fits =
					last !== undefined && last.length <= bytes.length && last.length + bytes.length <= MAX_MERGED_BYTES;
				if (!fits) break;
				bytes = Buffer.concat([inflateRawSync(last.data), bytes]);
				offset -= last.length;
				this.#deleteChunk.run(last.id);
				this.#search.removeLogChunk(sessionId, last.id);
			}

			this.#insert(sessionId, id, offset, bytes);
		}
	}

	/** Gives files other names. Over a detour, as one may take the name that another is about to leave. */
	move(sessionId: number, moves: readonly LogMove[]): void {
		for (const {nodeId, from, to, identity} of moves) {
			this.#rename.run(`\0${to}`, sessionId, nodeId, from, identity);
		}

		for (const {nodeId, to, identity} of moves) {
			this.#rename.run(to, sessionId, nodeId, `\0${to}`, identity);
		}
	}

	#openFile(sessionId: number, {nodeId, path}: LogPiece): {readonly id: number; readonly size: number} {
		this.#insertFile.run(sessionId, nodeId, path);
		return this.#findFile.get(sessionId, nodeId, path) as {id: number; size: number};
	}

	#insert(sessionId: number, fileId: number, offset: number, bytes: Buffer): void {
		const {changes, lastInsertRowid} = this.#insertChunk.run(
			fileId,
			offset,
			bytes.length,
			deflateRawSync(bytes, {level: 1}),
		);
		if (changes === 0) return;
		this.#grow.run(offset + bytes.length, fileId);
		this.#search.addLogChunk(sessionId, Number(lastInsertRowid), bytes.toString('utf8'));
	}
}
