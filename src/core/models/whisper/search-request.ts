import type {DecodeEnd} from './decode-result.js';
import type {TokenTime} from './token-timing.js';

/** What to decode and how: plain data, so that it can go to another thread. */
export interface SearchRequest {
	/** Previous text if any, start of transcript, language, task, and no-timestamps if so. */
	readonly prompt: readonly number[];
	/** Let the model write timestamps. */
	readonly withTimestamps: boolean;
	/** Tokens after which a sequence counts as runaway. */
	readonly maxTokens: number;
	/** 1 is greedy; of no meaning with `sampling`. */
	readonly beamSize: number;
	/** Draw tokens instead of taking the likeliest; the same seed draws the same. */
	readonly sampling:
		{readonly temperature: number; readonly candidates: number; readonly seed: number} | undefined;
	/** Time the tokens within so many frames of real audio. */
	readonly timedFrames: number | undefined;
}

export interface SearchResult {
	readonly tokens: readonly number[];
	readonly logProbabilities: readonly number[];
	readonly averageLogProbability: number;
	readonly noSpeechProbability: number;
	readonly end: DecodeEnd;
	/** By token; undefined for a timestamp, and for all if times were not asked for. */
	readonly times: readonly (TokenTime | undefined)[];
}
