import type {DecodeTask, NextToken, RowOutput} from '../decoding/batch-decoder.js';
import type {DecoderSource} from '../decoding/decoder-source.js';
import type {WhisperDescription} from './whisper-description.js';

/** Asks the model which language it hears: the most likely token after the start of the transcript. */
export class LanguageDetection implements DecodeTask {
	readonly source;
	readonly prompt;
	readonly wanted = [0];
	readonly maxRows = 1;
	readonly withAlignment = false;
	readonly #languageTokens;
	#probabilities: ReadonlyMap<string, number> = new Map();

	constructor(audio: DecoderSource, {languageTokens, specialTokens}: WhisperDescription) {
		this.source = audio;
		this.prompt = [specialTokens.startOfTranscript];
		this.#languageTokens = Object.entries(languageTokens);
	}

	/** Probability of each language by its code; they sum to 1. To be called when the task is finished. */
	get probabilities(): ReadonlyMap<string, number> {
		return this.#probabilities;
	}

	begin({logits: [logits]}: RowOutput): readonly NextToken[] {
		const largest = Math.max(...this.#languageTokens.map(([, id]) => logits![id]!));
		const weights = this.#languageTokens.map(
			([code, id]) => [code, Math.exp(logits![id]! - largest)] as const,
		);
		const sum = weights.reduce((total, [, weight]) => total + weight, 0);
		this.#probabilities = new Map(weights.map(([code, weight]) => [code, weight / sum]));
		return [];
	}

	advance(): readonly NextToken[] {
		return [];
	}
}
