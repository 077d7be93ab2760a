import type {Clock} from '../util/clock.js';

/** Sums up what a thread has done since it began. */
export type ReadActivity = () => {readonly activeMs: number; readonly idleMs: number};

/** Long enough that one look more or less does not count, short enough that nobody waits long. */
const PERIOD_MS = 1000;

/**
 * Share of a thread's time above which its sessions begin to wait for each other, and below which they have room again
 * although each does all it can: what sparing sessions save is about a third.
 */
const CROWDED = 0.6;
const ROOMY = 0.35;

/**
 * Whether the sessions of a thread keep it so busy that they wait for each other. Models block the thread they work in,
 * so the share of time its event loop is active tells.
 */
export class Crowd {
	readonly #clock: Clock;
	readonly #readActivity: ReadActivity;
	#last: {readonly atMs: number; readonly activeMs: number; readonly idleMs: number};
	#isCrowded = false;

	constructor(clock: Clock, readActivity: ReadActivity) {
		this.#clock = clock;
		this.#readActivity = readActivity;
		this.#last = {atMs: clock.nowMs(), ...readActivity()};
	}

	/** To be asked often: what is told is about the time between two questions a second apart. */
	get isCrowded(): boolean {
		const nowMs = this.#clock.nowMs();
		if (nowMs - this.#last.atMs >= PERIOD_MS) {
			const now = this.#readActivity();
			const activeMs = now.activeMs - this.#last.activeMs;
			const idleMs = now.idleMs - this.#last.idleMs;
			const share = activeMs / Math.max(1, activeMs + idleMs);
			this.#isCrowded = share > (this.#isCrowded ? ROOMY : CROWDED);
			this.#last = {atMs: nowMs, ...now};
		}
		return this.#isCrowded;
	}
}
