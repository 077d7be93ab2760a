/** A token that is matched in texts as it is written, before anything else is cut up. */
export interface AddedToken {
	readonly id: number;
	readonly content: string;
	/** It steers the model, and people's texts must not hold it. */
	readonly special: boolean;
}

/** `tokenizer.json` of the tokenizers library, as far as it is read here; the library reads the rest. */
export interface TokenizerFile {
	readonly added_tokens?: readonly AddedToken[];
	readonly normalizer?: unknown;
	readonly pre_tokenizer?: unknown;
	readonly decoder?: unknown;
	readonly model: {
		readonly type?: string;
		readonly vocab: Readonly<Record<string, number>>;
		readonly [key: string]: unknown;
	};
}

/**
 * Our own file for SentencePiece vocabularies with scores, out of GGUF files: the library would need merges, which
 * those do not have.
 */
export interface SentencePieceFile {
	readonly model: {readonly type: 'sentencepiece-scores'};
	/** By id. */
	readonly pieces: readonly string[];
	readonly scores: readonly number[];
	/** Of the pieces that are not plain text. */
	readonly kinds: Readonly<Record<PieceKind, readonly number[]>>;
	/** A space is put before every text. */
	readonly addsSpace: boolean;
}

/**
 * `steering`: unknown, control; `written`: matched in texts as they are; `byte`: one byte, for what has no piece;
 * `unused`: never written.
 */
export type PieceKind = 'steering' | 'written' | 'byte' | 'unused';
