import {copyFile, mkdtemp, open, rename, rm, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {basename, dirname, join} from 'node:path';

import {InfinisstError} from '../../core/errors.js';
import {openHistory} from '../store/sqlite-history-store.js';
import type {HistoryStore} from '../store/history-store.js';

/** The first bytes of every file of SQLite. */
const SQLITE_MAGIC = 'SQLite format 3\0';

export interface TransferOptions {
	readonly signal: AbortSignal;
}

export interface TransferredSession {
	/** "namespace/name". */
	readonly cluster: string;
	readonly name: string;
	/** Attempts at tasks that it has in the history it went to. */
	readonly tasks: number;
}

/** True for a file that may be a history. */
export async function isHistoryFile(path: string): Promise<boolean> {
	const isFile = await stat(path).then(
		entry => entry.isFile(),
		() => false,
	);
	if (!isFile) return false;
	const file = await open(path);
	try {
		const {buffer, bytesRead} = await file.read(Buffer.alloc(SQLITE_MAGIC.length), 0, SQLITE_MAGIC.length, 0);
		return bytesRead === SQLITE_MAGIC.length && buffer.toString('latin1') === SQLITE_MAGIC;
	} finally {
		await file.close();
	}
}

/**
 * Writes one session to a file of its own: a history like any other, which can be looked at with `--db`, sent
 * on, and imported. The file is whole when it is there.
 *
 * @throws {InfinisstError} `OUTPUT_UNWRITABLE` when there is such a file already; `DISK_FULL`.
 */
export async function exportSession(
	store: HistoryStore,
	sessionId: number,
	path: string,
	{signal}: TransferOptions,
): Promise<TransferredSession> {
	await refuseExisting(path);
	// Beside the file, so that it can be given its name at once.
	const folder = await mkdtemp(join(dirname(path), `.${basename(path)}-`)).catch((error: unknown) => {
		throw new InfinisstError('OUTPUT_UNWRITABLE', `${dirname(path)} cannot be written to`, {cause: error});
	});
	try {
		const draft = join(folder, 'session.db');
		const target = await openHistory({path: draft});
		let exported: TransferredSession;
		try {
			exported = await copySession(store, sessionId, target, signal);
			target.vacuum();
		} finally {
			target.close();
		}

		await refuseExisting(path);
		await rename(draft, path);
		return exported;
	} finally {
		await rm(folder, {recursive: true, force: true});
	}
}

/**
 * Takes every session of a history's file over. What a session holds already changes nothing, so the same
 * file may be imported again, and one of a session that has gone on since adds what is new. The file itself
 * is only read.
 *
 * @throws {InfinisstError} `INPUT_UNREADABLE` for what is no history, is damaged, or is of a newer version;
 * `DISK_FULL`; `HISTORY_LOCKED`.
 */
export async function importSessions(
	store: HistoryStore,
	path: string,
	{signal}: TransferOptions,
): Promise<readonly TransferredSession[]> {
	// A copy may be brought up to date, and may be opened where the file may not be written.
	const folder = await mkdtemp(join(tmpdir(), 'infinisst-import-'));
	try {
		const copy = join(folder, 'session.db');
		await copyFile(path, copy);
		// Of a history that is in use the newest pages lie beside it.
		await copyFile(`${path}-wal`, `${copy}-wal`).catch(ignoreMissing);
		const source = await openHistory({path: copy, mustExist: true});
		try {
			const [problem] = source.verify();
			if (problem !== undefined)
				throw new InfinisstError('INPUT_UNREADABLE', `The history ${path} is damaged: ${problem}`);
			const imported: TransferredSession[] = [];
			for (const {id} of source.sessions().toReversed())
				imported.push(await copySession(source, id, store, signal));
			if (imported.length === 0)
				throw new InfinisstError('INPUT_UNREADABLE', `${path} holds no session of a history`);
			return imported;
		} finally {
			source.close();
		}
	} finally {
		await rm(folder, {recursive: true, force: true});
	}
}

async function copySession(
	source: HistoryStore,
	sessionId: number,
	target: HistoryStore,
	signal: AbortSignal,
): Promise<TransferredSession> {
	const {cluster, name} = source.read(sessionId).session;
	const targetId = target.openSession(cluster, name);
	for (const write of source.readWrites(sessionId)) {
		signal.throwIfAborted();
		target.write(targetId, write);
		// Whoever wants to stop this gets a chance to say so.
		await new Promise(resolve => setImmediate(resolve));
	}

	const tasks = target.read(targetId).countTasks({filters: [], excludesDrivers: true});
	return {cluster: `${cluster.namespace}/${cluster.name}`, name, tasks};
}

async function refuseExisting(path: string): Promise<void> {
	const exists = await stat(path).then(
		() => true,
		() => false,
	);
	if (exists) {
		throw new InfinisstError('OUTPUT_UNWRITABLE', `${path} is there already`, {
			hint: 'Name another file, or delete it first.',
		});
	}
}

function ignoreMissing(error: unknown): void {
	if ((error as {code?: unknown}).code !== 'ENOENT') throw error;
}
