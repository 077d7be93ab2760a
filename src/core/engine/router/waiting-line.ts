import {createDeferred} from '../../util/deferred.js';

/** Where a session stands that must wait. */
export interface QueuePlace {
	/** 1 is next. */
	readonly position: number;
	/** When it will probably begin, ms from now. */
	readonly etaMs: number;
}

export interface WaitOptions {
	/** Told at once, and again whenever the position changes. */
	readonly onQueued?: ((place: QueuePlace) => void) | undefined;
	/** Leaves the line; the wait rejects with its reason. */
	readonly signal?: AbortSignal | undefined;
	/** Come before all others: it had been admitted already. */
	readonly isFirst?: boolean;
}

interface Waiter<Item> {
	readonly item: Item;
	readonly onQueued: (place: QueuePlace) => void;
	readonly admit: () => void;
	readonly refuse: (reason: unknown) => void;
	position: number;
}

/** Those who wait for a place, first come, first served. */
export class WaitingLine<Item> {
	readonly #waiters: Waiter<Item>[] = [];
	readonly #predictMs: (position: number) => number;

	/** @param predictMs - when whoever is at a position will be admitted, ms from now. */
	constructor(predictMs: (position: number) => number) {
		this.#predictMs = predictMs;
	}

	get length(): number {
		return this.#waiters.length;
	}

	/** Who is next. */
	get first(): Item | undefined {
		return this.#waiters[0]?.item;
	}

	/** Resolves when it was let in. @throws `signal.reason`, and what {@link refuseAll} was given. */
	async wait(item: Item, {onQueued, signal, isFirst = false}: WaitOptions = {}): Promise<void> {
		signal?.throwIfAborted();
		const over = createDeferred();
		const leave = (): void => {
			const index = this.#waiters.indexOf(waiter);
			if (index !== -1) this.#waiters.splice(index, 1);
			signal?.removeEventListener('abort', abort);
		};
		const waiter: Waiter<Item> = {
			item,
			onQueued: onQueued ?? (() => undefined),
			admit: () => {
				leave();
				over.resolve();
			},
			refuse: reason => {
				leave();
				over.reject(reason);
			},
			position: 0,
		};
		const abort = (): void => {
			waiter.refuse(signal?.reason);
			this.#announce();
		};
		signal?.addEventListener('abort', abort, {once: true});
		if (isFirst) this.#waiters.unshift(waiter);
		else this.#waiters.push(waiter);
		this.#announce();
		await over.promise;
	}

	/** Lets the first in; there must be one. */
	admitFirst(): void {
		this.#waiters[0]!.admit();
		this.#announce();
	}

	refuseAll(reason: unknown): void {
		for (const waiter of [...this.#waiters]) waiter.refuse(reason);
	}

	/** Tells everybody whose position changed. */
	#announce(): void {
		// A listener may leave the line, or make others leave, while it is told.
		for (const waiter of [...this.#waiters]) {
			const position = this.#waiters.indexOf(waiter) + 1;
			if (position === 0 || position === waiter.position) continue;
			waiter.position = position;
			try {
				waiter.onQueued({position, etaMs: this.#predictMs(position)});
			} catch (error) {
				// The fault of one listener is the fault of its session, not of those behind it.
				waiter.refuse(error);
				this.#announce();
				return;
			}
		}
	}
}
