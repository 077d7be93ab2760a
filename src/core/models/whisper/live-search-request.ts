/** How to go on with a text whose beginning is settled: plain data, so that it can go to another thread. */
export interface LiveSearchRequest {
	/** Previous text if any, start of transcript, language, task, no-timestamps, and the text that is settled. */
	readonly prompt: readonly number[];
	/** How many tokens at the end of the prompt are settled text. */
	readonly settled: number;
	/** Frames of real audio, 20 ms each. */
	readonly audioFrames: number;
	/** The last frame that settled text was read from. */
	readonly furthestFrame: number;
	/** A token read from so many frames before the furthest is a rewind, and not taken. */
	readonly rewindFrames: number;
	/** The search ends with the first token read from here on. @default none */
	readonly endFrame?: number | undefined;
	/** Tokens after which a sequence counts as runaway, settled text included. */
	readonly maxTokens: number;
}

/** Why a live search ended: a `stall` is left out of the result. */
export type LiveSearchEnd = 'end-of-text' | 'end-frame' | 'rewind' | 'stall' | 'loop' | 'too-long';

/** What may follow the settled text. */
export interface LiveSearchResult {
	/** Text tokens only. */
	readonly tokens: readonly number[];
	/** Frame that each token was read from; punctuation is never before what was read. */
	readonly frames: readonly number[];
	/** Log probability of each token among those that were allowed. */
	readonly logProbabilities: readonly number[];
	readonly averageLogProbability: number;
	/** Probability of the model's own "nobody speaks", 0..1. */
	readonly noSpeechProbability: number;
	readonly end: LiveSearchEnd;
	/** The token that was not taken, at a rewind. */
	readonly refused: number | undefined;
}
