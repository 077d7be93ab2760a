import {constants} from 'node:fs';
import {open, type FileHandle} from 'node:fs/promises';
import {join} from 'node:path';

import {InfinisstError} from '../../core/errors.js';
import type {Clock} from '../../core/util/clock.js';
import type {HistoryStore} from '../store/history-store.js';
import type {ClusterKey, LogMove, SessionWrite} from '../store/history-types.js';
import type {SessionReader} from '../store/session-reader.js';
import {findSessionLogs, readNodeId, type SessionLogs} from './find-session-logs.js';
import {listLogFiles, type DiskFile} from './list-log-files.js';
import {EventLineReader, isEventFile} from './log-event-lines.js';
import {findFreeName, planLogMoves} from './plan-log-moves.js';
import {TroubleLog} from './trouble-log.js';
import {wait} from './wait.js';

export interface LogFollowerOptions {
	readonly store: HistoryStore;
	readonly cluster: ClusterKey;
	/** Ray's temporary folder, its `session_latest`, the folder of one session, or the `logs` in it. */
	readonly directory: string;
	/** Whose logs these are. @default what the raylet wrote into them */
	readonly nodeId?: string | undefined;
	/** From the end of one look at the folder to the next, at least. */
	readonly intervalMs: number;
	readonly clock: Clock;
	/** Is told once when something goes wrong, and once when it is right again. */
	readonly onNotice: (text: string) => void;
}

export interface ScanResult {
	/** That were stored. */
	readonly bytes: number;
	/** More is there already. */
	readonly hasMore: boolean;
}

/** Read and stored at once: as much as takes a few hundredths of a second, for events are taken in the same thread. */
const MAX_WRITE_BYTES = 1024 * 1024;
const MAX_WRITE_FILES = 256;

/** Pieces of a file end with a line, where there is one in so many bytes. */
const BLOCK_BYTES = 64 * 1024;

/** Of so many bytes before its end a file must be the same, else it is another. */
const CHECKED_BYTES = 256;

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** A session that is followed, as it is in the history. */
interface FollowedSession extends SessionLogs {
	readonly sessionId: number;
	readonly nodeId: string;
	readonly files: Map<string, FollowedLog>;
}

interface FollowedLog {
	path: string;
	identity: string | null;
	/** Bytes that are stored. */
	offset: number;
	/** At the last look; a file that has not changed since then has ended, if in the middle of a line. */
	sizeBytes: number;
	modifiedMs: number;
	events: EventLineReader | undefined;
}

/** A file with bytes that are not stored. */
interface Growth {
	readonly log: FollowedLog;
	readonly file: DiskFile;
	/** Nobody has written to it since the last look. */
	readonly isQuiet: boolean;
}

/**
 * Follows the logs of the session that runs: files that grow, that come later, that are rotated or cut. What
 * is stored is known from the history itself, in the transaction of the bytes, so that after any end each
 * byte is taken once. Files are open only while they are read, one at a time.
 */
export class LogFollower {
	readonly #options: LogFollowerOptions;
	readonly #troubles: TroubleLog;
	#session: FollowedSession | undefined;

	constructor(options: LogFollowerOptions) {
		this.#options = options;
		this.#troubles = new TroubleLog(options.onNotice);
	}

	/** Follows until the signal fires; then looks a last time. Never rejects for what is on the disk. */
	async run(signal: AbortSignal): Promise<void> {
		const {clock, intervalMs} = this.#options;
		while (!signal.aborted) {
			const beganMs = clock.nowMs();
			const {hasMore} = await this.scan();
			// A folder of very many files takes long to look at: it may have a tenth of a core.
			const pauseMs = Math.max(intervalMs, 9 * (clock.nowMs() - beganMs));
			if (!hasMore) await wait(clock, pauseMs, signal);
		}

		await this.scan({isLast: true});
	}

	/**
	 * Looks once at all files.
	 *
	 * @param isLast - also takes lines that may still be written.
	 */
	async scan({isLast = false}: {readonly isLast?: boolean} = {}): Promise<ScanResult> {
		const none = {bytes: 0, hasMore: false};
		try {
			const logs = await findSessionLogs(this.#options.directory);
			if (logs === undefined) {
				this.#troubles.begin(
					'folder',
					`${this.#options.directory} holds no logs of a session of Ray; looking on`,
				);
				return this.#session === undefined ? none : await this.#scanSession(this.#session, isLast);
			}

			this.#troubles.end('folder', `following ${logs.folder}`);
			if (this.#session !== undefined && this.#session.folder !== logs.folder) {
				// All that the former one will ever say; a large rest is taken look by look.
				const former = await this.#scanSession(this.#session, true);
				if (former.hasMore) return former;
				this.#session = undefined;
			}

			this.#session ??= await this.#openSession(logs);
			return this.#session === undefined ? none : await this.#scanSession(this.#session, isLast);
		} catch (error) {
			// Somebody else follows the same folder, or has deleted the session: it is read anew from the history.
			const isChangedElsewhere = InfinisstError.is(error, 'HISTORY_UNKNOWN') || isConstraintFault(error);
			if (isChangedElsewhere) this.#session = undefined;
			if (isConstraintFault(error)) return none;
			if (!InfinisstError.is(error)) throw error;
			this.#troubles.begin('store', `logs are not stored: ${error.message}; trying on`);
			return none;
		}
	}

	async #openSession(logs: SessionLogs): Promise<FollowedSession | undefined> {
		const {store, cluster} = this.#options;
		const nodeId = this.#options.nodeId ?? (await readNodeId(logs.folder));
		if (nodeId === undefined) {
			this.#troubles.begin(
				'node',
				`no raylet has written yet whose logs are in ${logs.folder}; looking on (--node-id names the node)`,
			);
			return undefined;
		}

		this.#troubles.end('node', `the logs in ${logs.folder} are of node ${nodeId}`);
		const sessionId = store.openSession(cluster, logs.session);
		const stored = store.read(sessionId).logFiles(nodeId);
		const files = stored.map(({path, identity, sizeBytes}): [string, FollowedLog] => [
			path,
			{path, identity, offset: sizeBytes, sizeBytes: -1, modifiedMs: -1, events: undefined},
		]);
		return {...logs, sessionId, nodeId, files: new Map(files)};
	}

	async #scanSession(session: FollowedSession, isLast: boolean): Promise<ScanResult> {
		const {name} = this.#options.store.read(session.sessionId).session;
		// Numbers of sessions that were deleted are used again.
		if (name !== session.session)
			throw new InfinisstError('HISTORY_UNKNOWN', `The history holds ${session.session} no longer`);
		const disk = await listLogFiles(session.folder, (path, fault) => {
			const folder = join(session.folder, path);
			if (fault === undefined) this.#troubles.end(folder, `${folder} can be read again`);
			else this.#troubles.begin(folder, `${folder} cannot be read: ${fault.message}`);
		});
		await this.#moveFiles(session, disk);
		const growths: Growth[] = [];
		for (const file of disk) {
			const growth = await this.#lookAt(session, file);
			if (growth !== undefined) growths.push(growth);
		}

		let bytes = 0;
		let hasMore = false;
		const queue = [...growths];
		while (queue.length > 0) {
			const stored = await this.#storeSome(session, queue, isLast);
			bytes += stored.bytes;
			hasMore ||= stored.hasMore;
			// Events that were posted meanwhile are answered first.
			await new Promise(resolve => setImmediate(resolve));
		}

		if (growths.length > 0) this.#troubles.end('store', 'logs are stored again');
		return {bytes, hasMore};
	}

	async #moveFiles(session: FollowedSession, disk: readonly DiskFile[]): Promise<void> {
		const plan = await planLogMoves(
			[...session.files.values()],
			new Map(disk.map(({path, identity}) => [path, identity])),
			({path}, to) => this.#isContinued(session, session.files.get(path)!, to),
		);
		this.#move(session, plan);
	}

	#move(session: FollowedSession, plan: readonly {readonly from: string; readonly to: string}[]): void {
		if (plan.length === 0) return;
		const moved = plan.map(({from, to}) => ({log: session.files.get(from)!, to}));
		const logMoves = moved.map(({log, to}): LogMove => ({
			nodeId: session.nodeId,
			from: log.path,
			to,
			identity: log.identity,
		}));
		this.#options.store.write(session.sessionId, {logMoves});
		for (const {log} of moved) session.files.delete(log.path);
		for (const {log, to} of moved) {
			log.path = to;
			session.files.set(to, log);
		}
	}

	/** Undefined where there is nothing new. */
	async #lookAt(session: FollowedSession, file: DiskFile): Promise<Growth | undefined> {
		let log = session.files.get(file.path);
		const isTouched = log?.sizeBytes !== file.sizeBytes || log.modifiedMs !== file.modifiedMs;
		if (log !== undefined && isTouched && !(await this.#isContinued(session, log, file.path))) {
			// Cut, or written anew: what it was is kept under another name.
			const {files} = session;
			this.#move(session, [{from: log.path, to: findFreeName(log.path, name => files.has(name))}]);
			log = undefined;
		}

		const isNew = log === undefined;
		log ??= {
			path: file.path,
			identity: null,
			offset: 0,
			sizeBytes: -1,
			modifiedMs: -1,
			events: undefined,
		};
		session.files.set(log.path, log);
		log.sizeBytes = file.sizeBytes;
		log.modifiedMs = file.modifiedMs;
		const hasNews = isNew || log.identity !== file.identity || file.sizeBytes > log.offset;
		return hasNews ? {log, file, isQuiet: !isTouched} : undefined;
	}

	/** Whether the file at the path begins with what is stored, as far as the last bytes of it tell. */
	async #isContinued(session: FollowedSession, log: FollowedLog, path: string): Promise<boolean> {
		if (log.offset === 0) return true;
		const start = Math.max(0, log.offset - CHECKED_BYTES);
		const stored = readStored(this.#options.store.read(session.sessionId), session.nodeId, log, start);
		const bytes = await this.#readFile(session, path, start, stored.length);
		return bytes === undefined || bytes.equals(stored);
	}

	/** Stores what comes first in the queue, and takes from it what is done with. */
	async #storeSome(session: FollowedSession, queue: Growth[], isLast: boolean): Promise<ScanResult> {
		const appends: NonNullable<SessionWrite['logAppends']>[number][] = [];
		const logEvents: NonNullable<SessionWrite['logEvents']>[number][] = [];
		const damages: NonNullable<SessionWrite['damages']>[number][] = [];
		const done: (() => void)[] = [];
		let bytes = 0;
		let hasMore = false;
		while (queue.length > 0 && bytes < MAX_WRITE_BYTES && done.length < MAX_WRITE_FILES) {
			const {log, file, isQuiet} = queue.shift()!;
			const wanted = Math.min(file.sizeBytes - log.offset, Math.max(MAX_WRITE_BYTES - bytes, BLOCK_BYTES));
			const piece = await this.#readGrowth(session, log, file, wanted, isLast || isQuiet);
			if (piece === undefined) continue;
			for (const block of cutBlocks(piece, log.offset)) {
				appends.push({nodeId: session.nodeId, path: log.path, identity: file.identity, ...block});
			}

			if (isEventFile(log.path)) {
				const read = this.#eventsOf(session, log).read(piece);
				logEvents.push(...read.events);
				damages.push(...read.damages);
			}

			bytes += piece.length;
			hasMore ||= piece.length > 0 && log.offset + wanted < file.sizeBytes;
			done.push(() => {
				log.offset += piece.length;
				log.identity = file.identity;
			});
		}

		if (appends.length === 0) return {bytes, hasMore};
		try {
			this.#options.store.write(session.sessionId, {logAppends: appends, logEvents, damages});
		} catch (error) {
			// Readers of events have gone on; what they read comes again.
			for (const log of session.files.values()) log.events = undefined;
			throw error;
		}

		for (const finish of done) finish();
		return {bytes, hasMore};
	}

	/** What is stored next of a file: whole lines, unless there is no end of one. Undefined when it cannot be read. */
	async #readGrowth(
		session: FollowedSession,
		log: FollowedLog,
		file: DiskFile,
		wanted: number,
		takesHalfLines: boolean,
	): Promise<Buffer | undefined> {
		if (wanted <= 0) return Buffer.alloc(0);
		const bytes = await this.#readFile(session, file.path, log.offset, wanted, file.identity);
		if (bytes === undefined) return undefined;
		// A bar that shows progress goes back to the beginning of its line, and never ends it.
		const end = Math.max(bytes.lastIndexOf(NEWLINE), bytes.lastIndexOf(RETURN)) + 1;
		if (takesHalfLines || bytes.length - end >= BLOCK_BYTES) return bytes;
		// Even when nothing of it is stored yet the file is there.
		return bytes.subarray(0, end);
	}

	#eventsOf(session: FollowedSession, log: FollowedLog): EventLineReader {
		if (log.events?.offset !== log.offset) {
			const reader = this.#options.store.read(session.sessionId);
			const stored = reader.logFile(session.nodeId, log.path);
			const start = stored === undefined ? 0 : reader.findLastLines(stored.id, log.offset, 1);
			log.events = new EventLineReader(log.path, readStored(reader, session.nodeId, log, start), log.offset);
		}

		return log.events;
	}

	/** @returns what could be read, which may be less; undefined for a file that is no longer there. */
	async #readFile(
		session: FollowedSession,
		path: string,
		start: number,
		length: number,
		identity?: string,
	): Promise<Buffer | undefined> {
		let handle: FileHandle | undefined;
		try {
			// A link, or a pipe that nobody writes to, may have taken its place since the folder was read.
			const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
			handle = await open(join(session.folder, path), flags);
			const stats = await handle.stat();
			if (!stats.isFile()) return undefined;
			// Rotated meanwhile: the next look finds it under its new name.
			if (identity !== undefined && `${stats.dev}:${stats.ino}` !== identity) return undefined;
			const {buffer, bytesRead} = await handle.read(Buffer.alloc(length), 0, length, start);
			this.#troubles.end(path, `${path} can be read again`);
			return buffer.subarray(0, bytesRead);
		} catch (error) {
			const {code, message} = error as NodeJS.ErrnoException;
			if (code !== 'ENOENT') this.#troubles.begin(path, `${path} cannot be read: ${message}`);
			return undefined;
		} finally {
			await handle?.close();
		}
	}
}

/** What is written goes against what is there already. */
function isConstraintFault(error: unknown): boolean {
	return String((error as {code?: unknown}).code).startsWith('SQLITE_CONSTRAINT');
}

/** From `start` to the end of what is stored. */
function readStored(reader: SessionReader, nodeId: string, log: FollowedLog, start: number): Buffer {
	const file = reader.logFile(nodeId, log.path);
	return file === undefined
		? Buffer.alloc(0)
		: Buffer.concat([...reader.readLog(file.id, start, log.offset)]);
}

/** Pieces of about 64 kB that end with a line. An empty one where there is nothing: the file is there. */
function cutBlocks(
	bytes: Buffer,
	offset: number,
): readonly {readonly offset: number; readonly bytes: Buffer}[] {
	const blocks: {offset: number; bytes: Buffer}[] = [];
	let start = 0;
	do {
		const limit = Math.min(bytes.length, start + BLOCK_BYTES);
		const lineEnd = limit === bytes.length ? limit : bytes.lastIndexOf(NEWLINE, limit - 1) + 1;
		const end = lineEnd > start ? lineEnd : limit;
		blocks.push({offset: offset + start, bytes: bytes.subarray(start, end)});
		start = end;
	} while (start < bytes.length);

	return blocks;
}
