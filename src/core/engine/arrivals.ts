import type {Clock} from '../util/clock.js';

/** When the audio up to a sample arrived: what a lag is measured from. */
export class Arrivals {
	readonly #clock: Clock;
	readonly #marks: {endSample: number; readonly atMs: number}[] = [];

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	note(endSample: number): void {
		const atMs = this.#clock.nowMs();
		const last = this.#marks.at(-1);
		// Samples may come one by one; a millisecond is as close as a lag is told.
		if (last !== undefined && atMs - last.atMs < 1) last.endSample = endSample;
		else this.#marks.push({endSample, atMs});
	}

	/** When the audio before `sample` was there. Samples must not go back from call to call. */
	timeOf(sample: number): number {
		while (this.#marks.length > 1 && this.#marks[0]!.endSample < sample) this.#marks.shift();
		return this.#marks[0]?.atMs ?? this.#clock.nowMs();
	}

	/** How long ago that was; never negative. */
	lagOf(sample: number): number {
		const arrivedMs = this.timeOf(sample);
		return this.#clock.nowMs() - arrivedMs;
	}
}
