import type {DistributionSummary} from '../../util/distribution-meter.js';
import type {LanguageTokenizer} from './language-tokenizer.js';

/** Facts about a model that whoever prompts it needs. */
export interface LanguageModelDescription {
	/** Kind of network, as transformers names it: `llama`, `qwen2`, `qwen3`, `gemma3_text`, or what an export says. */
	readonly architecture: string;
	/** Length of a row of logits. */
	readonly vocabularySize: number;
	/** Positions the model was trained for: longer contexts are refused. */
	readonly maxTokens: number;
	/** To be put before everything else; undefined where the model has none. */
	readonly beginToken: number | undefined;
	/** Each of them ends what the model says. */
	readonly endTokens: readonly number[];
	/** How a dialogue is written, in Jinja, as the model's makers give it; undefined for base models. */
	readonly chatTemplate: string | undefined;
}

/**
 * One text that the model has read and goes on reading: its cache of keys and values. Keys lie in it without positions,
 * which are applied whenever they are looked at; so tokens may be taken out and the rest moves up as it is.
 */
export interface LanguageModelContext {
	/** Tokens in the cache. */
	readonly length: number;
	/** Memory of the cache, without room for what is to come. */
	readonly byteLength: number;

	/**
	 * Forgets the tokens `from` .. `to` - 1. Those behind move up to their places: nothing is computed again, so they keep
	 * what they once took from the tokens that leave (an exported model, which caches its keys with positions, computes
	 * all of them again at the next step). Not while a step of this context runs.
	 *
	 * @throws {InfinisstError} `INTERNAL_FAULT` for a span outside the context.
	 */
	dropSpan(from: number, to: number): void;

	/** A copy that goes its own way. Not while a step of this context runs. */
	fork(): LanguageModelContext;

	/** Frees the cache. Idempotent. */
	destroy(): void;
}

export interface StepOptions {
	/** Fires to give up; the context is then as it was before the call. */
	readonly signal?: AbortSignal | undefined;
	/** Steps with an earlier one go first; ms of the model's clock. @default Infinity */
	readonly deadlineMs?: number | undefined;
}

export interface LanguageModelStatistics {
	/** How many runs had so many rows. */
	readonly batchSizes: Readonly<Record<number, number>>;
	/** Between a call and its run. */
	readonly waitMs: DistributionSummary;
	/** Of runs of one token a row. */
	readonly stepMs: DistributionSummary;
	/** Of runs of several tokens a row. */
	readonly readMs: DistributionSummary;
	/** Of all caches, room for what is to come included. */
	readonly cacheBytes: number;
}

/**
 * A decoder-only language model, loaded into the calling thread, which is blocked while it runs. Calls of
 * several contexts that wait at the same time are run together; a call's result does not depend on that beyond rounding.
 */
export interface LanguageModel {
	readonly description: LanguageModelDescription;
	readonly tokenizer: LanguageTokenizer;

	/** @throws {InfinisstError} `RESOURCE_CLOSED`. */
	openContext(): LanguageModelContext;

	/**
	 * Reads tokens behind those of the context. Calls of one context must not overlap.
	 *
	 * @param tokens - at least one.
	 * @returns logits of what follows the last of them, [vocabularySize]; the caller's until the next step of this context,
	 * which may write to the same memory.
	 * @throws {InfinisstError} `LIMIT_EXCEEDED` if the context would become longer than `maxTokens`; `RESOURCE_CLOSED`;
	 * the signal's reason.
	 */
	step(
		context: LanguageModelContext,
		tokens: readonly number[],
		options?: StepOptions,
	): Promise<Float32Array>;

	statistics(): LanguageModelStatistics;

	/** Rejects what waits, and frees the model with all contexts when the run under way is done. Idempotent. */
	close(): Promise<void>;
}
