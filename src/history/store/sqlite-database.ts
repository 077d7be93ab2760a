/** A value SQLite takes and gives. */
export type SqliteValue = string | number | bigint | Buffer | null;

/** One row, by column name. */
export type SqliteRow = Record<string, SqliteValue>;

/** The part of a prepared statement we use; better-sqlite3's fits. */
export interface SqliteStatement {
	run(...values: SqliteValue[]): {readonly changes: number; readonly lastInsertRowid: number | bigint};
	get(...values: SqliteValue[]): unknown;
	all(...values: SqliteValue[]): unknown[];
	iterate(...values: SqliteValue[]): IterableIterator<unknown>;
}

/**
 * The part of a database we use. The store names it instead of better-sqlite3, so that nothing loads a
 * native module before a history is opened.
 */
export interface SqliteDatabase {
	readonly open: boolean;
	exec(sql: string): unknown;
	prepare(sql: string): SqliteStatement;
	close(): unknown;
}
