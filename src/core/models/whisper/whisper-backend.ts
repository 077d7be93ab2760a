import type {BatchSettings} from '../../engine/engine.js';
import type {CallOptions} from '../decoding/call-options.js';
import type {LiveSearchRequest, LiveSearchResult} from './live-search-request.js';
import type {SearchRequest, SearchResult} from './search-request.js';
import type {SearchCallOptions} from './whisper-model.js';
import type {WhisperStatistics} from './whisper-statistics.js';

/** Where a model's graphs run: in threads of their own, or in this one. Audio goes by numbers of the caller's. */
export interface WhisperBackend {
	/** Encodes audio and keeps it under a number that is not in use. Keeps nothing if it fails. */
	hear(id: number, samples: Float32Array, silenceMs: number, options: CallOptions): Promise<void>;
	detectLanguage(id: number, options: CallOptions): Promise<ReadonlyMap<string, number>>;
	search(id: number, request: SearchRequest, options: SearchCallOptions): Promise<SearchResult>;
	searchLive(id: number, request: LiveSearchRequest, options: SearchCallOptions): Promise<LiveSearchResult>;
	/** Never throws; does nothing for a number that is not in use. */
	release(id: number): void;
	configure(settings: BatchSettings): Promise<void>;
	statistics(): Promise<WhisperStatistics>;
	close(): Promise<void>;
}
