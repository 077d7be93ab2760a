/** Turns tokens that come one by one into text; holds back what is not yet a whole character. */
export interface TokenTextStream {
	/** Text that is certain now. */
	push(token: number): string;
	/** What is left; bytes that never became a character are U+FFFD. */
	end(): string;
}

export interface EncodeOptions {
	/**
	 * Steering tokens that are written out in the text ("<|im_start|>") become those tokens. Never for text of people.
	 *
	 * @default false
	 */
	readonly withSteering?: boolean;
	/**
	 * The text goes on where another ends: no space is put before it, where the tokenizer does that to texts.
	 *
	 * @default false
	 */
	readonly continues?: boolean;
}

/** Text to tokens and back, as a language model was trained with them. */
export interface LanguageTokenizer {
	/** Tokens there are; ids count from 0. The model's `vocabularySize` may be larger, with nothing behind it. */
	readonly size: number;
	/** Tokens that write nothing: beginnings, ends, roles, reserved ones. */
	readonly steeringTokens: ReadonlySet<number>;

	/** Without begin and end tokens. */
	encode(text: string, options?: EncodeOptions): number[];
	/** Steering tokens have no text; bytes that make no character become U+FFFD. */
	decode(tokens: readonly number[]): string;
	/** UTF-8 that a token writes, perhaps only part of a character; empty for steering tokens. */
	bytes(token: number): Uint8Array;
	/** The token that is written so in the vocabulary, steering tokens included ("<|im_end|>"). */
	find(written: string): number | undefined;
	openStream(): TokenTextStream;
}
