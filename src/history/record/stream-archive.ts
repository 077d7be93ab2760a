import {serialize} from 'node:v8';

import {InfinisstError} from '../../core/errors.js';
import {systemClock, type Clock} from '../../core/util/clock.js';
import {createDeferred, type Deferred} from '../../core/util/deferred.js';
import {startThread, type ThreadHandle} from '../../core/util/thread-call.js';
import type {
	ArchivedFacts,
	ArchivedStream,
	ArchivedUpdate,
	StreamArchive,
} from '../../server/stream/stream-archive.js';
import type {StreamChange} from './stream-rows.js';
import type {StreamThreadData} from './stream-thread.js';

/** While another process writes, what waits for it is told after so long though it is not kept yet ... */
const BUSY_TIMEOUT_MS = 1000;
/** ... and the next attempt comes after this. */
const RETRY_MS = 50;

export interface StreamArchiveOptions {
	/** Of the history, absolute; made if it is not there. */
	readonly path: string;
	/** @default the system's */
	readonly clock?: Clock;
	/** Wall clock, ms since 1970. @default the system's */
	readonly nowMs?: () => number;
	/** @default a thread */
	readonly openThread?: (data: StreamThreadData) => Pick<ThreadHandle, 'call' | 'close'>;
}

/**
 * Streams in the history's file, written by a thread: no file and no other process ever holds up the one that serves
 * sockets.
 *
 * @throws {InfinisstError} `INPUT_UNREADABLE`.
 */
export async function openStreamArchive(options: StreamArchiveOptions): Promise<StreamArchive> {
	const {path, clock = systemClock, nowMs = Date.now, openThread} = options;
	const data: StreamThreadData = {path, busyTimeoutMs: BUSY_TIMEOUT_MS};
	const thread = openThread?.(data) ?? startThread(import.meta.resolve('./stream-thread.js'), data);
	try {
		await thread.call('open', nowMs());
	} catch (error) {
		await thread.close();
		throw error;
	}
	return new ThreadStreamArchive(thread, clock, nowMs);
}

class ThreadStreamArchive implements StreamArchive {
	readonly #thread: Pick<ThreadHandle, 'call' | 'close'>;
	readonly #clock: Clock;
	readonly #nowMs: () => number;
	/** In the order of the calls; what comes while the thread writes is written together. */
	#changes: StreamChange[] = [];
	/** Settles those who wait for these changes. */
	#batch: Deferred<void> | undefined;
	#writing: Promise<void> | undefined;
	#cancelRetry: (() => void) | undefined;
	#closing: Promise<void> | undefined;

	constructor(thread: Pick<ThreadHandle, 'call' | 'close'>, clock: Clock, nowMs: () => number) {
		this.#thread = thread;
		this.#clock = clock;
		this.#nowMs = nowMs;
	}

	open(facts: ArchivedFacts): Promise<void> {
		return this.#push({type: 'open', atMs: this.#nowMs(), facts});
	}

	save(id: string, {checkpoint, ...update}: ArchivedUpdate): Promise<void> {
		// Now: the state may be another when it is written.
		const state = serialize(checkpoint);
		return this.#push({type: 'save', atMs: this.#nowMs(), id, ...update, checkpoint: state});
	}

	async find(tokenHash: string): Promise<ArchivedStream | undefined> {
		// Calls of the thread are done in order.
		this.#write();
		await this.#writing;
		return (await this.#thread.call('find', tokenHash)) as ArchivedStream | undefined;
	}

	forget(id: string): void {
		this.#push({type: 'forget', id}).catch(() => {
			// It is tried again, or nobody can be helped: whoever comes back late gets what there was.
		});
	}

	close(): Promise<void> {
		return (this.#closing ??= (async () => {
			await this.#writing;
			this.#write();
			await this.#writing;
			this.#cancelRetry?.();
			await this.#thread.call('close', undefined).catch(() => {
				// It has ended by itself, and the file with it.
			});
			await this.#thread.close();
		})());
	}

	/** Resolves when it is written. */
	#push(change: StreamChange): Promise<void> {
		if (this.#closing !== undefined) return Promise.reject(closedError());
		this.#changes.push(change);
		const batch = (this.#batch ??= createDeferred());
		if (this.#cancelRetry === undefined) this.#write();
		return batch.promise;
	}

	/** All that waits, if nothing is being written. */
	#write(): void {
		if (this.#writing !== undefined || this.#changes.length === 0) return;
		this.#cancelRetry?.();
		this.#cancelRetry = undefined;
		const changes = this.#changes;
		const batch = this.#batch;
		this.#changes = [];
		this.#batch = undefined;
		this.#writing = this.#thread
			.call('write', changes)
			.then(
				() => batch?.resolve(),
				(error: unknown) => {
					batch?.reject(error);
					// It is kept, and written before what came since, when the file is free.
					if (InfinisstError.is(error, 'HISTORY_LOCKED')) this.#changes.unshift(...changes);
				},
			)
			.then(() => {
				this.#writing = undefined;
				if (this.#changes.length === 0 || this.#closing !== undefined) return;
				if (this.#batch === undefined) this.#cancelRetry = this.#clock.after(RETRY_MS, () => this.#write());
				else this.#write();
			});
	}
}

function closedError(): InfinisstError {
	return new InfinisstError('RESOURCE_CLOSED', 'The archive of streams was closed');
}
