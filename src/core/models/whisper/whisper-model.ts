import type {EncodedAudio} from './whisper-encoder.js';
import type {WhisperDescription} from './whisper-description.js';
import type {WhisperVocabulary} from './whisper-vocabulary.js';
import type {SearchRequest, SearchResult} from './search-request.js';

export interface LanguageGuess {
	/** By code of language; they sum to 1. */
	readonly probabilities: ReadonlyMap<string, number>;
	/** The same audio, to go on with: its buffers moved to another thread and back. */
	readonly audio: EncodedAudio;
}

/**
 * A loaded Whisper model. Calls may overlap: audio is encoded piece by piece, sequences are decoded together.
 */
export interface WhisperModel {
	readonly description: WhisperDescription;
	readonly vocabulary: WhisperVocabulary;
	/**
	 * Encodes audio followed by silence.
	 *
	 * @param samples - mono float32 at 16 kHz, at most 30 s; only read.
	 * @param silenceMs - of silence at the end; what lies beyond 30 s is cut.
	 */
	encode(samples: Float32Array, silenceMs: number, signal?: AbortSignal): Promise<EncodedAudio>;
	/** The audio passed in may not be used again, the one that comes back may. */
	detectLanguage(audio: EncodedAudio, signal?: AbortSignal): Promise<LanguageGuess>;
	/** Decodes audio; it belongs to the model from then on and may not be used again. */
	search(audio: EncodedAudio, request: SearchRequest, signal?: AbortSignal): Promise<SearchResult>;
	/** Tokens of a text, without steering tokens. Loads the tokenizer at the first call. */
	tokenize(text: string): Promise<number[]>;
	/** Waits for running calls, then frees the graphs. Idempotent. */
	close(): Promise<void>;
}
