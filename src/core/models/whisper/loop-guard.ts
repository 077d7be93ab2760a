/** Longest run of tokens that is watched for repetition. */
const MAX_PERIOD = 12;

/** A run counts as a loop from so many repetitions on, back to back, ... */
const MIN_REPETITIONS = 3;

/** ... and from so many tokens on in all, so that "no, no, no" passes. */
const MIN_TOKENS = 6;

/** Nobody speaks so many tokens a second; a sequence this dense was not heard. */
const MAX_TOKENS_PER_SECOND = 12;

/** Even a cough may get a few tokens. */
const FREE_TOKENS = 14;

/**
 * Finds a loop at the end of a sequence; short encoder inputs provoke them
 * (thresholds from measurements on the development clips, docs/quality.md).
 *
 * @returns length of the repeated run, 0 if there is none.
 */
export function findLoop(tokens: readonly number[]): number {
	for (let period = 1; period <= MAX_PERIOD; period++) {
		const watched = period * loopRepetitions(period);
		if (watched > tokens.length) continue;
		let repeats = true;
		for (let back = 1; repeats && back <= watched - period; back++) {
			repeats = tokens[tokens.length - back] === tokens[tokens.length - back - period];
		}
		if (repeats) return period;
	}
	return 0;
}

/** How often a run of this length stands at the end of a sequence when {@link findLoop} finds it. */
export function loopRepetitions(period: number): number {
	return Math.max(MIN_REPETITIONS, Math.ceil(MIN_TOKENS / period));
}

/** The most tokens that speech of this length can have. */
export function maxTokensFor(audioMs: number): number {
	return Math.floor((MAX_TOKENS_PER_SECOND * audioMs) / 1000) + FREE_TOKENS;
}
