import {mkdirSync} from 'node:fs';
import {dirname} from 'node:path';

import {InfinisstError} from '../../core/errors.js';
import {MIGRATIONS} from './migrations.js';
import type {SqliteDatabase} from './sqlite-database.js';

export interface OpenDatabaseOptions {
	/** The file, made with its folder if it is not there; ":memory:" for none. */
	readonly path: string;
	/** Whoever only reads makes no file. @default false */
	readonly mustExist?: boolean;
	/**
	 * Whether what was written must survive a power cut, and not only the end of the process. An import,
	 * which can be repeated, need not wait for the disk.
	 *
	 * @default true
	 */
	readonly survivesPowerCut?: boolean;
}

/**
 * Opens a history's file and brings its schema up to date. Before that a file of an older version is
 * copied to `<path>.v<version>.backup`.
 *
 * @throws {InfinisstError} `INPUT_UNREADABLE` for a file that is no history, is of a newer version, or
 * cannot be opened.
 */
export async function openDatabase({
	path,
	mustExist = false,
	survivesPowerCut = true,
}: OpenDatabaseOptions): Promise<SqliteDatabase> {
	const {default: Database} = await import('better-sqlite3');
	let database: InstanceType<typeof Database> | undefined;
	try {
		if (path !== ':memory:' && !mustExist) mkdirSync(dirname(path), {recursive: true});
		database = new Database(path, {fileMustExist: mustExist});
		// Another process may hold the write lock for the length of one batch.
		database.pragma('busy_timeout = 10000');
		database.pragma('journal_mode = WAL');
		database.pragma(`synchronous = ${survivesPowerCut ? 'FULL' : 'NORMAL'}`);
		// 64 MB: pages of an index change many times before they have to be written to their place.
		database.pragma('wal_autocheckpoint = 16384');
		database.pragma('journal_size_limit = 134217728');
		database.pragma('foreign_keys = ON');
		database.pragma('cache_size = -65536');
		database.pragma('temp_store = MEMORY');
		// SQLite's own knows the letters of English only.
		database.function('lower_case', {deterministic: true}, (text: unknown) =>
			typeof text === 'string' ? text.toLowerCase() : null,
		);
		const version = Number(database.pragma('user_version', {simple: true}));
		if (version > MIGRATIONS.length) {
			throw new InfinisstError('INPUT_UNREADABLE', `${path} was written by a newer version of this program`, {
				hint: 'Update infinisst, or name another file with --db.',
			});
		}

		if (version < MIGRATIONS.length) {
			if (version > 0) await database.backup(`${path}.v${version}.backup`);
			migrate(asSqliteDatabase(database));
		}

		return asSqliteDatabase(database);
	} catch (error) {
		database?.close();
		if (InfinisstError.is(error)) throw error;
		throw new InfinisstError('INPUT_UNREADABLE', `Cannot open the history ${path}: ${describe(error)}`, {
			hint: 'Name another file with --db, or see that it may be read and written.',
			cause: error,
		});
	}
}

/** Its types ask for one parameter or a tuple of them; it takes any number. */
function asSqliteDatabase(database: object): SqliteDatabase {
	return database as SqliteDatabase;
}

/** In one transaction that takes the write lock first: two processes may open a new file at once. */
function migrate(database: SqliteDatabase): void {
	database.exec('BEGIN IMMEDIATE');
	try {
		const {user_version: version} = database.prepare('PRAGMA user_version').get() as {user_version: number};
		for (const step of MIGRATIONS.slice(version)) database.exec(step);
		database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
		database.exec('COMMIT');
	} catch (error) {
		database.exec('ROLLBACK');
		throw error;
	}
}

function describe(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
