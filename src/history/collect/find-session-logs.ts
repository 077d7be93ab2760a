import {open, realpath, readdir, stat} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';

/** Where the logs of the session lie that runs now. */
export interface SessionLogs {
	/** "session_2026-11-23_04-47-01_378364_2154" */
	readonly session: string;
	/** Absolute, without links in it: it stays the same when another session becomes the latest. */
	readonly folder: string;
}

/**
 * Finds the log folder of a session in what people call it: Ray's temporary folder, its `session_latest`, the
 * folder of one session, or the `logs` in it.
 *
 * @returns undefined where there is none, or none yet.
 */
export async function findSessionLogs(directory: string): Promise<SessionLogs | undefined> {
	for (const candidate of [
		join(directory, 'session_latest', 'logs'),
		join(directory, 'logs'),
		join(directory),
	]) {
		const folder = await resolveFolder(candidate);
		if (folder === undefined) continue;
		const session = basename(dirname(folder));
		if (basename(folder) === 'logs' && session.startsWith('session_')) return {session, folder};
	}

	return undefined;
}

async function resolveFolder(path: string): Promise<string | undefined> {
	try {
		const folder = await realpath(path);
		return (await stat(folder)).isDirectory() ? folder : undefined;
	} catch {
		return undefined;
	}
}

/** The raylet says its id in one of its first lines. */
const MAX_READ_BYTES = 64 * 1024;

/**
 * The id of the node whose logs these are, by what its raylet wrote.
 *
 * @returns undefined where no raylet has said it, or not yet.
 */
export async function readNodeId(folder: string): Promise<string | undefined> {
	const names = await readdir(folder).catch(() => []);
	// Where several raylets ran on one machine they share the folder; the head asks the first.
	for (const name of names
		.filter(candidate => /^raylet(\.\d+)?\.out(\.\d+)?$/.test(candidate))
		.sort(byLength)) {
		const nodeId = /\bnode_id=([\da-f]{56})\b/.exec(await readBeginning(join(folder, name)))?.[1];
		if (nodeId !== undefined) return nodeId;
	}

	return undefined;
}

function byLength(a: string, b: string): number {
	return a.length - b.length || (a < b ? -1 : 1);
}

async function readBeginning(path: string): Promise<string> {
	try {
		const file = await open(path);
		try {
			const {buffer, bytesRead} = await file.read(Buffer.alloc(MAX_READ_BYTES), 0, MAX_READ_BYTES, 0);
			return buffer.toString('latin1', 0, bytesRead);
		} finally {
			await file.close();
		}
	} catch {
		return '';
	}
}
