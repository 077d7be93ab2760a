/** A source text in tokens. */
export interface EncodedSource {
	/** With language and end tokens, as the model wants them. */
	readonly tokens: readonly number[];
	/** Which of the given words each token is of; undefined for steering tokens. */
	readonly wordOf: readonly (number | undefined)[];
}

/** Text to the tokens of an encoder-decoder model, and back. */
export interface TranslationTokenizer {
	/**
	 * @param words - joined as they are: with their leading spaces where the language writes them.
	 * @param source - code of their language.
	 * @param target - code of the language to be written.
	 */
	encodeSource(words: readonly string[], source: string, target: string): EncodedSource;
	/**
	 * Text of the target language.
	 *
	 * @param continues - text stands before it; else it is the beginning of a translation.
	 */
	encodeTarget(text: string, continues: boolean): number[];
	/** Whether a token of the target goes on with the word before it. */
	continuesWord(token: number): boolean;
	/** Text of a run of tokens from the beginning of a translation on; steering tokens have none. */
	decodeTarget(tokens: readonly number[]): string;
}
