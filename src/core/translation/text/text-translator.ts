import type {GlossaryEntry, LatencyMultiplier} from '../../engine/engine.js';

/** A word that was said and will not change, with the audio it was heard in; ms from the session's first sample. */
export interface SourceWord {
	/** With its leading space where the language writes one, so that words join to the transcript. */
	readonly text: string;
	readonly startMs: number;
	readonly endMs: number;
}

/** What has become final since the turn before. */
export interface SourceTurn {
	/** In order; may be empty where something is only to be closed. */
	readonly words: readonly SourceWord[];
	/**
	 * What was said is complete: the speaker paused for long, or the end came. Everything is translated to its end and
	 * becomes final, and the next words begin a new sentence.
	 */
	readonly closes: boolean;
}

/** A word of a translation, with the span of source audio that it stands for; never before the one before it. */
export interface TargetWord {
	/** With its leading space where the language writes one. */
	readonly text: string;
	readonly startMs: number;
	readonly endMs: number;
	/** Mean probability of its tokens, 0..1. */
	readonly probability: number;
}

/** What a turn brought. */
export interface TextTurn {
	/** Final: whole words that follow those of the turns before. */
	readonly words: readonly TargetWord[];
	/** What is likely to follow, replacing the tail before; empty after a turn that closes. */
	readonly tail: string;
}

export interface TextTranslationOptions {
	/** Codes. */
	readonly sourceLanguage: string;
	readonly target: string;
	/** How much is generated and waited for in a turn. */
	readonly latencyMultiplier: LatencyMultiplier;
	readonly glossary: readonly GlossaryEntry[];
}

/** What may change while a text is translated: from the next turn on. */
export type TextTranslationChange = Partial<Pick<TextTranslationOptions, 'latencyMultiplier' | 'glossary'>>;

/** One text on its way into one language, as a speaker says it. */
export interface TextTranslation {
	/**
	 * Calls must not overlap. The result depends on the turns alone, not on what else the model does.
	 *
	 * @throws the signal's reason; the translation is then as it was before the call.
	 */
	translate(turn: SourceTurn, signal?: AbortSignal): Promise<TextTurn>;
	change(change: TextTranslationChange): void;
	/**
	 * State between two turns: plain data that can be cloned between threads and processes. Given to
	 * {@link TextTranslator.open}, the same model goes on with the same text.
	 */
	checkpoint(): unknown;
	/** Frees what is kept for it. Idempotent. */
	close(): void;
}

export interface TextTranslatorCapabilities {
	/** As people name it. */
	readonly model: string;
	/** Codes it reads, and codes it writes for each. */
	readonly pairs: ReadonlyMap<string, readonly string[]>;
}

/**
 * A model that translates text, loaded into the calling thread: the contract of language models that are prompted
 * (`agent/`) and of encoder-decoder models that translate the open sentence anew (`cascade/`).
 */
export interface TextTranslator {
	readonly capabilities: TextTranslatorCapabilities;
	/**
	 * @param state - of {@link TextTranslation.checkpoint}.
	 * @throws {InfinisstError} `LANGUAGE_PAIR_UNSUPPORTED`, `RESOURCE_CLOSED`.
	 */
	open(options: TextTranslationOptions, state?: unknown): TextTranslation;
	/** Waits for turns that run, then frees the model. Idempotent. */
	close(): Promise<void>;
}
