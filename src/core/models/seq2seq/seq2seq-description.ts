/** Networks whose weights are imported, as `model_type` of transformers names them. NLLB is an `m2m_100`. */
export type Seq2seqArchitecture = 'marian' | 'm2m_100';

export interface Seq2seqDimensions {
	readonly width: number;
	readonly encoderHeads: number;
	readonly decoderHeads: number;
	readonly encoderLayers: number;
	readonly decoderLayers: number;
	/** Of the decoder: length of a row of logits. */
	readonly vocabularySize: number;
	/** Positions there are, of source and translation alike. */
	readonly maxTokens: number;
}

/** How to search where nobody asks for something else: `generation_config.json` of the model's makers. */
export interface SearchDefaults {
	readonly beams: number;
	readonly lengthPenalty: number;
	readonly noRepeatNgram: number;
	readonly maxTokens: number;
	/** A search ends as soon as enough sequences have ended, though a better one could still come. */
	readonly earlyStopping: boolean;
	/** What is left when tokens are forbidden is made to sum to 1. */
	readonly renormalizes: boolean;
	/** The last token that fits is the end, whatever the model thinks. */
	readonly forcesEnd: boolean;
}

/** Which files text becomes tokens with. */
export type TokenizerKind =
	/** `source.spm`, `target.spm`, `vocab.json`, and `target_vocab.json` where the target has its own. */
	| 'sentencepiece-pair'
	/** `sentencepiece.bpe.model` and `vocab.json`. */
	| 'sentencepiece'
	/** `tokenizer.json`. */
	| 'tokenizer-json';

/** All that is needed to run a translation model beside its graphs; written as `seq2seq.json`. */
export interface Seq2seqDescription {
	readonly architecture: Seq2seqArchitecture;
	readonly dimensions: Seq2seqDimensions;
	/** `own`: graphs of this program. `hub`: an export of optimum, as repositories of the hub hold them. */
	readonly layout: 'own' | 'hub';
	readonly tokenizer: TokenizerKind;
	/** The decoder's first token. */
	readonly startToken: number;
	readonly endToken: number;
	readonly padToken: number;
	readonly unknownToken: number;
	/** Codes of the languages it reads, with the token that begins a source, `null` for none. */
	readonly sources: Readonly<Record<string, number | null>>;
	/** Codes of the languages it writes, with the token that asks for it, `null` for none. */
	readonly targets: Readonly<Record<string, number | null>>;
	/** Where the token of a target stands. */
	readonly targetTokenIn: 'source' | 'target';
	/** Tokens that are no text: languages, ends, fillers. */
	readonly steeringTokens: readonly number[];
	/** Runs of tokens never written. */
	readonly badWords: readonly (readonly number[])[];
	readonly search: SearchDefaults;
}

/** Files of a built model. */
export const SEQ2SEQ_FILES = {
	encoder: 'encoder.onnx',
	decoder: 'decoder.onnx',
	description: 'seq2seq.json',
} as const;
