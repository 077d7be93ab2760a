/** A speaker is only taken to have changed language when the model is this sure ... */
const SWITCH_PROBABILITY = 0.8;

/** ... and has heard at least this much. */
const SWITCH_FROM_MS = 1500;

/** Follows the language of a recording from segment to segment, without jumping at every doubtful one. */
export class LanguageTracker {
	#current: string | undefined;

	/** @param current - the language so far, to go on from there. */
	constructor(current?: string) {
		this.#current = current;
	}

	get current(): string | undefined {
		return this.#current;
	}

	/**
	 * @param probabilities - by code of language, for the next segment.
	 * @param audioMs - length of the segment.
	 * @returns the language to take the segment for, and whether it is another than before.
	 */
	observe(
		probabilities: ReadonlyMap<string, number>,
		audioMs: number,
	): {language: string; probability: number; isNew: boolean} {
		const [language, probability] = [...probabilities].reduce((best, entry) =>
			entry[1] > best[1] ? entry : best,
		);
		const isNew =
			language !== this.#current &&
			(this.#current === undefined || (probability >= SWITCH_PROBABILITY && audioMs >= SWITCH_FROM_MS));
		if (isNew) this.#current = language;
		return {language: this.#current!, probability: probabilities.get(this.#current!)!, isNew};
	}
}
