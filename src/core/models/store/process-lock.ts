import {randomUUID} from 'node:crypto';
import {mkdir, open, readFile, rm, stat, utimes} from 'node:fs/promises';
import {hostname} from 'node:os';
import {dirname} from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {InfinisstError} from '../../errors.js';
import {systemCode} from './file-system-fault.js';

/*
 * Why a lock of our own: the usual library calls a lock stale when its time stamp is some seconds old,
 * and building graphs keeps the event loop, and with it the stamp, busy for longer than that. Here the
 * lock says which process holds it, and it is stale when that process is gone. Only where this cannot be
 * known, on another machine, the time stamp decides.
 */

const POLL_MS = 200;
const HEARTBEAT_MS = 15_000;
/** Far above the longest stretch the holder can keep its event loop busy. */
const FOREIGN_STALE_MS = 300_000;

/** Breaking a lock takes a few file operations; a mark older than this is of a breaker that died. */
const BREAK_MARK_STALE_MS = 10_000;

interface LockHolder {
	readonly token: string;
	readonly processId: number;
	readonly host: string;
	/** Tells a process from a later one with the same number; undefined where the system does not say. */
	readonly processStart: string | undefined;
}

export interface ProcessLockOptions {
	/** What is locked, for the message: "model whisper-base". */
	readonly subject: string;
	/** How long to wait for the holder before giving up. */
	readonly waitMs: number;
	readonly signal?: AbortSignal | undefined;
	/** Called once if the lock is held by another; `holder` is for people. */
	readonly onWait?: ((holder: string) => void) | undefined;
}

/**
 * Runs `work` while no other process, and no other call in this one, runs work under the same lock file.
 *
 * @throws {InfinisstError} `MODEL_LOCKED` (retryable) after `waitMs`. After the `signal` fires while
 * waiting: `signal.reason`.
 */
export async function withProcessLock<Result>(
	path: string,
	options: ProcessLockOptions,
	work: () => Promise<Result>,
): Promise<Result> {
	const token = await acquire(path, options);
	const heartbeat = setInterval(() => {
		const now = new Date();
		// Only other machines look at the stamp; a missed beat is made up for by the next.
		utimes(path, now, now).catch(() => undefined);
	}, HEARTBEAT_MS);
	heartbeat.unref();
	try {
		return await work();
	} finally {
		clearInterval(heartbeat);
		const holder = await readHolder(path);
		if (holder?.token === token) await rm(path, {force: true});
	}
}

async function acquire(path: string, {subject, waitMs, signal, onWait}: ProcessLockOptions): Promise<string> {
	await mkdir(dirname(path), {recursive: true});
	const startedMs = performance.now();
	const foreign = new StampWatch();
	let isAnnounced = false;
	for (;;) {
		signal?.throwIfAborted();
		const token = await tryCreate(path);
		if (token !== undefined) return token;

		const holder = await readHolder(path);
		const isStale = holder && isOfThisHost(holder) ? !(await isAlive(holder)) : await foreign.isStill(path);
		if (isStale) {
			await breakLock(path, holder?.token);
			continue;
		}
		const people = describeHolder(holder);
		if (!isAnnounced) {
			isAnnounced = true;
			onWait?.(people);
		}
		if (performance.now() - startedMs > waitMs) {
			throw new InfinisstError('MODEL_LOCKED', `The ${subject} is in use by ${people}.`, {
				hint: 'Wait until it has finished and run the command again.',
			});
		}
		await wait(POLL_MS, undefined, {...(signal && {signal})}).catch(() => signal?.throwIfAborted());
	}
}

/** Undefined if the lock exists. */
async function tryCreate(path: string): Promise<string | undefined> {
	let handle;
	try {
		handle = await open(path, 'wx');
	} catch (error) {
		if (systemCode(error) === 'EEXIST') return undefined;
		throw error;
	}
	try {
		const holder: LockHolder = {
			token: randomUUID(),
			processId: process.pid,
			host: hostname(),
			processStart: await readProcessStart(process.pid),
		};
		await handle.writeFile(JSON.stringify(holder));
		return holder.token;
	} finally {
		await handle.close();
	}
}

/** Undefined if the lock is gone, or just being written. */
async function readHolder(path: string): Promise<LockHolder | undefined> {
	try {
		return JSON.parse(await readFile(path, 'utf8')) as LockHolder;
	} catch {
		return undefined;
	}
}

function describeHolder(holder: LockHolder | undefined): string {
	if (holder === undefined) return 'another process';
	// A server loads several models at once, some of which have a part in common.
	if (holder.processId === process.pid && isOfThisHost(holder)) return 'another part of this program';
	return `process ${holder.processId} on ${holder.host}`;
}

function isOfThisHost(holder: LockHolder): boolean {
	return holder.host === hostname();
}

async function isAlive({processId, processStart}: LockHolder): Promise<boolean> {
	try {
		process.kill(processId, 0);
	} catch (error) {
		// EPERM: it runs as another user.
		return systemCode(error) === 'EPERM';
	}
	// In containers the same few numbers come back all the time.
	return processStart === undefined || processStart === (await readProcessStart(processId));
}

/** Linux: the start of the process in clock ticks since boot, field 22 of `/proc/<pid>/stat`. */
async function readProcessStart(processId: number): Promise<string | undefined> {
	const text = await readFile(`/proc/${processId}/stat`, 'utf8').catch(() => '');
	// The second field is the program's name in parentheses and may hold spaces.
	return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
}

/**
 * Removes the lock if it still is the one that was judged. The mark keeps a second breaker from removing
 * the lock that a third process has taken in between.
 */
async function breakLock(path: string, token: string | undefined): Promise<void> {
	const mark = `${path}.breaking`;
	try {
		await (await open(mark, 'wx')).close();
	} catch (error) {
		if (systemCode(error) !== 'EEXIST') throw error;
		const {mtimeMs} = await stat(mark).catch(() => ({mtimeMs: Date.now()}));
		if (Date.now() - mtimeMs > BREAK_MARK_STALE_MS) await rm(mark, {force: true});
		else await wait(POLL_MS);
		return;
	}
	try {
		if ((await readHolder(path))?.token === token) await rm(path, {force: true});
	} finally {
		await rm(mark, {force: true});
	}
}

/** Watches the stamp of a lock by our own clock, because the other machine's may be wrong. */
class StampWatch {
	#stamp: number | undefined;
	#sinceMs = 0;

	async isStill(path: string): Promise<boolean> {
		const {mtimeMs} = await stat(path).catch(() => ({mtimeMs: undefined}));
		if (mtimeMs === undefined || mtimeMs !== this.#stamp) {
			this.#stamp = mtimeMs;
			this.#sinceMs = performance.now();
			return false;
		}
		return performance.now() - this.#sinceMs > FOREIGN_STALE_MS;
	}
}
