import type {LiveSearchRequest, LiveSearchResult} from './live-search-request.js';
import type {SearchRequest, SearchResult} from './search-request.js';
import type {WhisperDescription} from './whisper-description.js';
import type {WhisperVocabulary} from './whisper-vocabulary.js';

/** Audio that lies in the decoder, ready to be decoded. Holds tens of megabytes until it is searched or released. */
export interface HeardAudio {
	readonly id: number;
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
	hear(samples: Float32Array, silenceMs: number, signal?: AbortSignal): Promise<HeardAudio>;
	/** Probability of each language by its code; they sum to 1. */
	detectLanguage(audio: HeardAudio, signal?: AbortSignal): Promise<ReadonlyMap<string, number>>;
	/** Decodes audio, which is released by that. */
	search(audio: HeardAudio, request: SearchRequest, signal?: AbortSignal): Promise<SearchResult>;
	/** Goes on from settled text, and releases the audio. */
	searchLive(audio: HeardAudio, request: LiveSearchRequest, signal?: AbortSignal): Promise<LiveSearchResult>;
	/** Gives up audio that will not be searched. */
	release(audio: HeardAudio): void;
	/** Tokens of a text, without steering tokens. Loads the tokenizer at the first call. */
	tokenize(text: string): Promise<number[]>;
	/** Frees the graphs; calls under way are rejected. Idempotent. */
	close(): Promise<void>;
}
