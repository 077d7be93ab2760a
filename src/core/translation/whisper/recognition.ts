import type {TokenTime} from '../../models/whisper/token-timing.js';

/** What was recognised in one stretch of audio of at most 30 s. */
export interface Recognition {
	/** Text tokens, without timestamps. */
	readonly tokens: readonly number[];
	/** Trimmed; empty if nobody spoke. */
	readonly text: string;
	readonly averageLogProbability: number;
	readonly noSpeechProbability: number;
	readonly compressionRatio: number;
	/** 0 for greedy or beam. */
	readonly temperature: number;
	/** Probability of each token, 0..1. */
	readonly probabilities: readonly number[];
	/** Offsets from the beginning of the stretch, by token; only if asked for. */
	readonly times: readonly TokenTime[] | undefined;
	/** What it took to get there, beyond one pass. */
	readonly repairs: readonly Repair[];
}

/** `encoded-again`: with 30 s of frames, after a loop. `sampled`: with temperature. `cut`: a loop remained and was cut. */
export type Repair = 'encoded-again' | 'sampled' | 'cut';
