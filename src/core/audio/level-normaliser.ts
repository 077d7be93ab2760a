/** Peak that speech is brought to: -10 dBFS. */
const TARGET_PEAK = 10 ** (-10 / 20);

/** Most that is added: 40 dB, which lifts a peak of -50 dBFS to the target and noise of 16 bits to -50. */
const MAX_GAIN = 100;

/** The loudness that was heard last is forgotten at 6 dB a second, so a quiet speaker follows a loud one. */
const FORGET_DB_PER_SECOND = 6;

/**
 * Gain that brings quiet recordings to the level a detector was trained on, window by window and looking
 * only back. Loud audio is left as it is.
 */
export class LevelNormaliser {
	readonly #forgetFactor: number;
	#peak = 0;

	/**
	 * @param windowSeconds - length of the windows given to {@link gainFor}.
	 * @param peak - of another one, to go on from there.
	 */
	constructor(windowSeconds: number, peak = 0) {
		this.#peak = peak;
		this.#forgetFactor = 10 ** ((-FORGET_DB_PER_SECOND * windowSeconds) / 20);
	}

	/** What was loudest, as far as it is remembered. */
	get peak(): number {
		return this.#peak;
	}

	/** @returns the factor for the samples from `start` to `end`, the next window: 1 to 100. */
	gainFor(samples: Float32Array, start: number, end: number): number {
		let peak = this.#peak * this.#forgetFactor;
		for (let index = start; index < end; index++) {
			const magnitude = Math.abs(samples[index]!);
			if (magnitude > peak) peak = magnitude;
		}
		this.#peak = peak;
		return Math.min(Math.max(TARGET_PEAK / peak, 1), MAX_GAIN);
	}
}
