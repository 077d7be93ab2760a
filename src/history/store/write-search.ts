import type {SqliteDatabase, SqliteStatement} from './sqlite-database.js';

/** What a text that was found is: a function's name, a task's error, or a piece of a log file. */
export type SearchKind = 'name' | 'error' | 'log';

/** Keeps the index for searches: each text once in a session. */
export class SearchWriter {
	readonly #insertEntry: SqliteStatement;
	readonly #insertText: SqliteStatement;
	readonly #deleteEntry: SqliteStatement;

	/** Names of the last tasks: most come again and again. */
	readonly #names = new Set<string>();

	constructor(database: SqliteDatabase) {
		this.#insertEntry = database.prepare(
			'INSERT INTO search_entry (session_id, kind, reference) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
		);
		this.#insertText = database.prepare('INSERT INTO search_text (rowid, text) VALUES (?, ?)');
		this.#deleteEntry = database.prepare(
			'DELETE FROM search_entry WHERE session_id = ? AND kind = ? AND reference = ?',
		);
	}

	/** Forgets what a transaction that was undone has added. */
	forget(): void {
		this.#names.clear();
	}

	addName(sessionId: number, name: string): void {
		const key = `${sessionId} ${name}`;
		if (this.#names.has(key)) return;
		this.#add(sessionId, 'name', name, name);
		if (this.#names.size > 10_000) this.#names.clear();
		this.#names.add(key);
	}

	addError(sessionId: number, taskId: string, message: string): void {
		if (message !== '') this.#add(sessionId, 'error', taskId, message);
	}

	addLogChunk(sessionId: number, chunkId: number, text: string): void {
		this.#add(sessionId, 'log', String(chunkId), text);
	}

	removeLogChunk(sessionId: number, chunkId: number): void {
		this.#deleteEntry.run(sessionId, 'log', String(chunkId));
	}

	#add(sessionId: number, kind: SearchKind, reference: string, text: string): void {
		const {changes, lastInsertRowid} = this.#insertEntry.run(sessionId, kind, reference);
		if (changes > 0) this.#insertText.run(lastInsertRowid, text);
	}
}
