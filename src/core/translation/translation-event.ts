/** A word with the span of audio it was heard in; offsets from the first sample of the input, in ms. */
export interface TimedWord {
	/** With its leading space where the language writes one, so that words join to the segment's text. */
	readonly text: string;
	readonly startMs: number;
	readonly endMs: number;
	/** Mean probability of its tokens, 0..1. */
	readonly probability: number;
}

/** A stretch of speech with its text. Never changes once emitted. Times are offsets from the first sample. */
export interface Segment {
	/** Counts from 0 in the order of the audio. */
	readonly index: number;
	readonly startMs: number;
	readonly endMs: number;
	/** In the target language; trimmed, never empty. */
	readonly text: string;
	/** Code of the language that was spoken, for example `de`. */
	readonly sourceLanguage: string;
	/** Only when words were asked for. */
	readonly words?: readonly TimedWord[];
	/** Mean log probability of the tokens; below -1 is doubtful. */
	readonly averageLogProbability: number;
	/** Probability that nobody spoke, 0..1. */
	readonly noSpeechProbability: number;
	/** Bytes of text to bytes compressed; above 2.4 is probably a loop. */
	readonly compressionRatio: number;
	/** Sampling temperature the text was accepted at; 0 is greedy or beam. */
	readonly temperature: number;
	/** The text in the vocabulary of the model that wrote it; only when tokens were asked for. */
	readonly tokens?: readonly number[];
}

/** What the translation of one recording reports, in the order of the audio. Fatal faults throw. */
export type TranslationEvent =
	| {readonly type: 'language-detected'; readonly language: string; readonly probability: number}
	/** `target`: which of the languages asked for, where there may be several. */
	| {readonly type: 'segment-final'; readonly segment: Segment; readonly target?: string}
	/** Everything before `processedMs` is final; `durationMs` is the whole length where it is known. */
	| {readonly type: 'progress'; readonly processedMs: number; readonly durationMs: number | undefined}
	/** Something was worked around (damaged audio, a loop that was cut): one sentence for people. */
	| {readonly type: 'warning-raised'; readonly message: string}
	/** Always last. */
	| {readonly type: 'translation-ended'; readonly audioMs: number; readonly segments: number};
