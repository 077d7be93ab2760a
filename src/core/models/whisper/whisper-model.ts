import type {BatchSettings} from '../../engine/engine.js';
import type {CallOptions} from '../decoding/call-options.js';
import type {LiveSearchRequest, LiveSearchResult} from './live-search-request.js';
import type {SearchRequest, SearchResult} from './search-request.js';
import type {WhisperDescription} from './whisper-description.js';
import type {WhisperStatistics} from './whisper-statistics.js';
import type {WhisperVocabulary} from './whisper-vocabulary.js';

/**
 * Audio that lies in the decoder, ready to be decoded: 6 KB a frame with whisper-base, 9 MB for 30 s, and more with
 * larger models. It belongs to whoever called `hear`, and must be given back: by a search that does not keep it, or by
 * `release`. Nothing else frees it, and the model sets no limit, so bound what is heard and not yet searched.
 */
export interface HeardAudio {
	readonly id: number;
}

export interface SearchCallOptions extends CallOptions {
	/**
	 * Leave the audio to the caller, who searches it again, at the same time if need be, or releases it.
	 * @default false: the call gives it back, however it ends
	 */
	readonly keep?: boolean | undefined;
}

/**
 * A loaded Whisper model. Calls may overlap: audio is encoded piece by piece, sequences are decoded together.
 *
 * After `close()` all calls throw `RESOURCE_CLOSED`, as do those under way.
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
	hear(samples: Float32Array, silenceMs: number, options?: CallOptions): Promise<HeardAudio>;
	/** Probability of each language by its code; they sum to 1. The audio stays with the caller. */
	detectLanguage(audio: HeardAudio, options?: CallOptions): Promise<ReadonlyMap<string, number>>;
	/**
	 * Decodes audio.
	 *
	 * @throws {InfinisstError} `RESOURCE_CLOSED` if the audio was given back.
	 */
	search(audio: HeardAudio, request: SearchRequest, options?: SearchCallOptions): Promise<SearchResult>;
	/** Goes on from settled text; else as `search`. */
	searchLive(
		audio: HeardAudio,
		request: LiveSearchRequest,
		options?: SearchCallOptions,
	): Promise<LiveSearchResult>;
	/** Gives audio back. Idempotent; searches under way that keep it are not disturbed. */
	release(audio: HeardAudio): void;
	/** Takes effect between two steps. */
	configure(settings: BatchSettings): Promise<void>;
	statistics(): Promise<WhisperStatistics>;
	/** Tokens of a text, without steering tokens. Loads the tokenizer at the first call. */
	tokenize(text: string): Promise<number[]>;
	/** Frees the graphs; calls under way are rejected. Idempotent. */
	close(): Promise<void>;
}
