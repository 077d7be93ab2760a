import {createDeferred, type Deferred} from '../util/deferred.js';
import type {SessionUpdate} from './engine.js';

/** So many updates wait for a reader before a session pauses: half a minute and more of speech. */
export const MAX_UNREAD_UPDATES = 32;

/** Updates on their way from a session to its one reader. */
export class UpdateQueue {
	readonly #updates: SessionUpdate[] = [];
	readonly #onTaken: () => void;
	#reader: Deferred<undefined> | undefined;
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

	/** Resolves when fewer than {@link MAX_UNREAD_UPDATES} wait, or when the session is over. */
	async waitForRoom(): Promise<void> {
		while (this.#updates.length >= MAX_UNREAD_UPDATES && this.#end === undefined) {
			this.#room ??= createDeferred<undefined>();
			await this.#room.promise;
		}
	}

	push(update: SessionUpdate): void {
		if (this.#end !== undefined) return;
		this.#updates.push(update);
		this.#wakeReader();
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
		this.#wakeReader();
		this.#makeRoom();
	}

	async #next(): Promise<IteratorResult<SessionUpdate, undefined>> {
		for (;;) {
			const update = this.#updates.shift();
			if (update !== undefined) {
				this.#makeRoom();
				this.#onTaken();
				return {done: false, value: update};
			}

			if (this.#end !== undefined) {
				if ('reason' in this.#end) throw this.#end.reason;
				return {done: true, value: undefined};
			}

			this.#reader ??= createDeferred<undefined>();
			await this.#reader.promise;
		}
	}

	#wakeReader(): void {
		this.#reader?.resolve(undefined);
		this.#reader = undefined;
	}

	#makeRoom(): void {
		this.#room?.resolve(undefined);
		this.#room = undefined;
	}
}
