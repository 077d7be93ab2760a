import {createDeferred, type Deferred} from '../../../core/util/deferred.js';

/** Gives up the place. Idempotent. */
export type Release = () => void;

/**
 * Lets so many work at a time. Whoever waits is served in turns, owner by owner, so that one who brings a hundred at once
 * does not keep the others waiting; an owner's own are served in their order.
 */
export class FairLine {
	readonly #maxRunning: () => number;
	/** The owner whose turn is next comes first. */
	readonly #waiting = new Map<string, Deferred<void>[]>();
	#running = 0;

	/** @param maxRunning - asked whenever somebody comes or leaves. */
	constructor(maxRunning: () => number) {
		this.#maxRunning = maxRunning;
	}

	get running(): number {
		return this.#running;
	}

	/** @throws `signal.reason`. */
	async enter(owner: string, signal: AbortSignal): Promise<Release> {
		signal.throwIfAborted();
		if (this.#running < this.#maxRunning()) this.#running++;
		else await this.#wait(owner, signal);
		let isReleased = false;
		return () => {
			if (isReleased) return;
			isReleased = true;
			this.#running--;
			while (this.#running < this.#maxRunning() && this.#waiting.size > 0) this.#letIn();
		};
	}

	async #wait(owner: string, signal: AbortSignal): Promise<void> {
		const turn = createDeferred();
		const abort = (): void => {
			const line = this.#waiting.get(owner);
			const place = line?.indexOf(turn) ?? -1;
			// Its turn has come meanwhile.
			if (line === undefined || place < 0) return;
			line.splice(place, 1);
			if (line.length === 0) this.#waiting.delete(owner);
			turn.reject(signal.reason);
		};
		this.#waiting.set(owner, [...(this.#waiting.get(owner) ?? []), turn]);
		signal.addEventListener('abort', abort, {once: true});
		try {
			await turn.promise;
		} finally {
			signal.removeEventListener('abort', abort);
		}
	}

	/** Whose turn it is. */
	#letIn(): void {
		const [owner, line] = this.#waiting.entries().next().value!;
		const turn = line.shift()!;
		this.#running++;
		this.#waiting.delete(owner);
		if (line.length > 0) this.#waiting.set(owner, line);
		turn.resolve();
	}
}
