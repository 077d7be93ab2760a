/** Two frames at 25 a second: below that, one text turning into another is not seen as a change. */
const GAP_MS = 80;
/** A cue shorter than this gives nothing up for the gap. */
const SHORT_CUE_MS = 1000;
/** One frame at 25 a second: players skip cues that end when they start. */
const MINIMUM_CUE_MS = 40;

/** Keeps cues that come one by one in order, apart and visible, without ever changing one that was given out. */
export class CueOrder {
	#previousEndMs = Number.NEGATIVE_INFINITY;

	/** The cue, moved no further than it must be to follow the ones before. */
	place<T extends {readonly startMs: number; readonly endMs: number}>(cue: T): T {
		const gapMs = cue.endMs - cue.startMs >= SHORT_CUE_MS ? GAP_MS : 0;
		const startMs = Math.max(cue.startMs, this.#previousEndMs + gapMs, 0);
		const endMs = Math.max(cue.endMs, startMs + MINIMUM_CUE_MS);
		this.#previousEndMs = endMs;
		return {...cue, startMs, endMs};
	}
}
