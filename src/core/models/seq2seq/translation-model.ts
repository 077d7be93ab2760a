import type {BatchStatistics} from '../decoding/batch-statistics.js';
import type {TranslationTokenizer} from './translation-tokenizer.js';

/** How to search for a translation. Absent fields are what the model's makers recommend. */
export interface TranslationSearch {
	/** Sequences that compete; 1 takes the likeliest token at each step. */
	readonly beams?: number;
	/** Sums of log probabilities are divided by the length to this power: above 0 prefers long translations. */
	readonly lengthPenalty?: number;
	/** No run of so many tokens is written twice; 0 for no limit. */
	readonly noRepeatNgram?: number;
	/** Tokens after which a translation is cut off, the prefix not counted. */
	readonly maxTokens?: number;
}

/** One text to translate; plain data. */
export interface TranslationRequest extends TranslationSearch {
	/** As {@link TranslationTokenizer.encodeSource} gives them, end token included. */
	readonly tokens: readonly number[];
	/** Code of the language to write. */
	readonly target: string;
	/** Text the translation begins with, whatever the model thinks of it; without steering tokens. @default none */
	readonly forcedPrefix?: readonly number[];
	/** The prefix ends in a whole word: what follows begins another, or is a mark. @default false */
	readonly prefixEndsWord?: boolean;
	/** Runs of tokens that must not be written, besides those the model never writes. @default none */
	readonly badWords?: readonly (readonly number[])[];
	/** Whether `alignments` is of interest: it costs a little. @default false */
	readonly withAlignment?: boolean;
}

export interface TranslationResult {
	/** What follows the forced prefix, without the end token. */
	readonly tokens: readonly number[];
	/** Of each token, after all rules. */
	readonly logProbabilities: readonly number[];
	/** By token: how it looked at each source token, summing to 1. Undefined if not asked for, or the model cannot say. */
	readonly alignments: readonly Float32Array[] | undefined;
	/** Sum of log probabilities over the length penalty: comparable between translations of one text. */
	readonly score: number;
	/** Whether the model ended it, and not the limit. */
	readonly isComplete: boolean;
}

/**
 * An encoder-decoder model that translates text, loaded into the calling thread, which is blocked while it runs.
 * Requests of several callers that wait at the same time are decoded together; a result does not depend on that.
 */
export interface TranslationModel {
	/** As people name it. */
	readonly name: string;
	/** Codes of the languages it reads, and of those it writes for each. */
	readonly pairs: ReadonlyMap<string, readonly string[]>;
	readonly tokenizer: TranslationTokenizer;
	/** The most tokens of a source, its end token included, and of a translation. */
	readonly maxTokens: number;

	/**
	 * Translates texts, in their order. Calls may overlap.
	 *
	 * @throws {InfinisstError} `LANGUAGE_PAIR_UNSUPPORTED` for a language it cannot write; `LIMIT_EXCEEDED` for a source
	 * or a prefix that is too long; `RESOURCE_CLOSED`; the signal's reason.
	 */
	translate(requests: readonly TranslationRequest[], signal?: AbortSignal): Promise<TranslationResult[]>;

	statistics(): BatchStatistics;

	/** Rejects what waits, and frees the model when the run under way is done. Idempotent. */
	close(): Promise<void>;
}
