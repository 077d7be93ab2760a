import type {OnnxSessionOptions} from '../../onnx-session.js';
import type {LiveSearchRequest} from '../live-search-request.js';
import type {SearchRequest} from '../search-request.js';
import type {WhisperDescription} from '../whisper-description.js';
import type {EncodedAudio} from '../whisper-encoder.js';

/** What both threads of a model are started with. */
export interface WhisperThreadData {
	readonly graphsDirectory: string;
	readonly description: WhisperDescription;
	readonly session: OnnxSessionOptions;
	readonly maxBatchSize: number;
}

export interface EncodeCall {
	readonly samples: Float32Array;
	readonly silenceMs: number;
}

/** Hands audio to the decoder, which keeps it under the caller's number. */
export interface PrepareCall {
	readonly id: number;
	readonly audio: EncodedAudio;
}

export interface AudioCall {
	readonly id: number;
}

export interface SearchCall extends AudioCall {
	readonly request: SearchRequest;
}

export interface LiveSearchCall extends AudioCall {
	readonly request: LiveSearchRequest;
}
