import type {PolicyName} from '../../engine/engine.js';
import type {LatencySettings} from './latency-settings.js';

/** What the model believes to follow the settled text of a window. */
export interface Hypothesis {
	readonly tokens: readonly number[];
	/** Frame, 20 ms each from the begin of the window, that each token was read from. */
	readonly frames: readonly number[];
	/** Probability of each token, 0..1. */
	readonly probabilities: readonly number[];
	/** Frames of audio in the window. */
	readonly audioFrames: number;
}

/** What a policy may know beside the hypothesis. */
export interface PolicyContext {
	readonly settings: LatencySettings;
	/** What followed the settled text the last time, less what was settled since. */
	readonly previous: readonly number[] | undefined;
	/** Speech in the window. */
	readonly speechMs: number;
	/** Words of settled text in the window. */
	readonly settledWords: number;
	/** Length of the first words of a run of tokens, in tokens. */
	readonly lengthOfWords: (tokens: readonly number[], words: number) => number;
}

/** Decides how much of a hypothesis is settled, never to change again. */
export interface CommitPolicy {
	readonly name: PolicyName;
	/** Frame from which on no token is settled, whatever follows; undefined where the policy reads all of it. */
	readonly heldFrom?: (audioFrames: number, settings: LatencySettings) => number;
	/** @returns how many tokens to settle; what is no whole word is left for later by the caller. */
	settle(hypothesis: Hypothesis, context: PolicyContext): number;
}
