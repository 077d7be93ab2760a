import {createDeferred, type Deferred} from '../util/deferred.js';
import type {SessionUpdate} from './engine.js';

/** So many updates wait for a reader before a session pauses: half a minute and more of speech. */
export const MAX_UNREAD_UPDATES = 32;

type ReadUpdate = IteratorResult<SessionUpdate, undefined>;

/** Whoever waits for an update: the two functions of a promise. */
interface Reader {
	readonly resolve: (read: ReadUpdate) => void;
	readonly reject: (reason: unknown) => void;
}

/**
 * Updates on their way from a session to its one reader. An update goes to a reader that waits at once: of a thousand
 * sessions nearly all wait for audio at any time, and what each holds meanwhile is moved by the collector of garbage while
 * all others are kept waiting (docs/server.md).
 */
export class UpdateQueue {
	readonly #updates: SessionUpdate[] = [];
	readonly #onTaken: () => void;
	#reader: Reader | undefined;
	#room: Deferred<undefined> | undefined;
	#end: {readonly reason?: unknown} | undefined;
	#isAborted = false;

	/** @param onTaken - is told of each update that was read. */
	constructor(onTaken: () => void = () => undefined) {
		this.#onTaken = onTaken;
	}

	/** For {@link EngineSession.updates}. */
	readonly updates: AsyncIterable<SessionUpdate> = {
		[Symbol.asyncIterator]: () => ({next: () => this.#next()}),
	};

	/** True after `end()`, `fail()` or `abort()`: the session is over, though its updates may not be read yet. */
	get isOver(): boolean {
		return this.#end !== undefined;
	}

	/** So many updates wait that a session pauses. Never once it is over. */
	get isFull(): boolean {
		return this.#updates.length >= MAX_UNREAD_UPDATES && this.#end === undefined;
	}

	/** Resolves when fewer than {@link MAX_UNREAD_UPDATES} wait, or when the session is over. */
	async waitForRoom(): Promise<void> {
		while (this.isFull) {
			this.#room ??= createDeferred<undefined>();
			await this.#room.promise;
		}
	}

	push(update: SessionUpdate): void {
		if (this.#end !== undefined) return;
		const reader = this.#reader;
		if (reader === undefined) {
			this.#updates.push(update);
			return;
		}
		this.#reader = undefined;
		this.#onTaken();
		reader.resolve({done: false, value: update});
	}

	/** No more updates come. */
	end(): void {
		this.#finish({});
	}

	/** The reader is told after the updates that are there. */
	fail(reason: unknown): void {
		this.#finish({reason});
	}

	/** The reader is told at once. The first reason wins. */
	abort(reason: unknown): void {
		if (this.#isAborted) return;
		this.#isAborted = true;
		this.#updates.length = 0;
		this.#end = undefined;
		this.#finish({reason});
	}

	#finish(end: {readonly reason?: unknown}): void {
		this.#end ??= end;
		const reader = this.#reader;
		this.#reader = undefined;
		// Who waits has read all that was there.
		if (reader !== undefined) this.#next().then(reader.resolve, reader.reject);
		this.#makeRoom();
	}

	#next(): Promise<ReadUpdate> {
		const update = this.#updates.shift();
		if (update !== undefined) {
			this.#makeRoom();
			this.#onTaken();
			return Promise.resolve({done: false, value: update});
		}

		if (this.#end !== undefined) return readEnd(this.#end);
		return new Promise((resolve, reject) => {
			this.#reader = {resolve, reject};
		});
	}

	#makeRoom(): void {
		this.#room?.resolve(undefined);
		this.#room = undefined;
	}
}

async function readEnd(end: {readonly reason?: unknown}): Promise<ReadUpdate> {
	if ('reason' in end) throw end.reason;
	return Promise.resolve({done: true, value: undefined});
}
