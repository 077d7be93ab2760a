import type {DecoderSource} from '../decoding/decoder-source.js';
import type {WhisperDescription} from './whisper-description.js';
import type {TokenRules} from './token-rules.js';

/** What every way of searching needs. */
export interface SearchOptions {
	readonly audio: DecoderSource;
	/** Previous text if any, start of transcript, language, task, and no-timestamps if so. */
	readonly prompt: readonly number[];
	readonly rules: TokenRules;
	readonly description: WhisperDescription;
	/** Tokens after which a sequence counts as runaway. */
	readonly maxTokens: number;
	readonly withAlignment: boolean;
}

/** Positions in the prompt whose logits a search looks at: the start of the transcript, and the last. */
export function wantedPositions({prompt, description}: SearchOptions): number[] {
	return [prompt.indexOf(description.specialTokens.startOfTranscript), prompt.length - 1];
}

/** What is left of the decoder's positions behind the prompt, and of what the audio can hold. */
export function tokenLimit({prompt, description, maxTokens}: SearchOptions): number {
	return Math.min(maxTokens, description.dimensions.maxTokens - prompt.length - 1);
}
