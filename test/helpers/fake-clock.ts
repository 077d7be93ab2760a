import type {Clock} from '../../src/core/util/clock.js';

/** Time that passes when it is told to. */
export class FakeClock implements Clock {
	readonly #timers = new Map<symbol, {readonly atMs: number; readonly task: () => void}>();
	#nowMs = 0;

	/** Timers that have neither fired nor been cancelled. */
	get timerCount(): number {
		return this.#timers.size;
	}

	nowMs(): number {
		return this.#nowMs;
	}

	after(delayMs: number, task: () => void): () => void {
		const key = Symbol('timer');
		this.#timers.set(key, {atMs: this.#nowMs + delayMs, task});
		return () => void this.#timers.delete(key);
	}

	/** Lets time pass, and fires what is due. */
	advance(byMs: number): void {
		this.#nowMs += byMs;
		const due = [...this.#timers].filter(([, {atMs}]) => atMs <= this.#nowMs);
		for (const [key, {task}] of due) {
			if (this.#timers.delete(key)) task();
		}
	}
}
