import {deflateRawSync} from 'node:zlib';

import type {LogPiece} from './history-types.js';
import type {SqliteDatabase, SqliteStatement} from './sqlite-database.js';
import type {SearchWriter} from './write-search.js';

/** Keeps log files in pieces, deflated, because logs repeat themselves. */
export class LogWriter {
	readonly #insertFile: SqliteStatement;
	readonly #findFile: SqliteStatement;
	readonly #grow: SqliteStatement;
	readonly #insertChunk: SqliteStatement;
	readonly #search: SearchWriter;

	constructor(database: SqliteDatabase, search: SearchWriter) {
		this.#search = search;
		this.#insertFile = database.prepare(
			'INSERT INTO log_file (session_id, node_id, path, size) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING',
		);
		this.#findFile = database.prepare(
			'SELECT id FROM log_file WHERE session_id = ? AND node_id = ? AND path = ?',
		);
		this.#grow = database.prepare('UPDATE log_file SET size = max(size, ?) WHERE id = ?');
		this.#insertChunk = database.prepare(
			'INSERT INTO log_chunk (file_id, offset, length, data) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
		);
	}

	/** A piece that begins where one is already stored is taken for that one. Empty files are kept too. */
	write(sessionId: number, pieces: Iterable<LogPiece>): void {
		for (const {nodeId, path, offset, bytes} of pieces) {
			this.#insertFile.run(sessionId, nodeId, path);
			const {id} = this.#findFile.get(sessionId, nodeId, path) as {id: number};
			if (bytes.length === 0) continue;
			const {changes, lastInsertRowid} = this.#insertChunk.run(
				id,
				offset,
				bytes.length,
				deflateRawSync(bytes, {level: 1}),
			);
			if (changes === 0) continue;
			this.#grow.run(offset + bytes.length, id);
			this.#search.addLogChunk(sessionId, Number(lastInsertRowid), bytes.toString('utf8'));
		}
	}
}
