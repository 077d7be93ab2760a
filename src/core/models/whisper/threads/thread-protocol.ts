import type {OnnxSessionOptions} from '../../onnx-session.js';
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

export interface DetectCall {
	readonly audio: EncodedAudio;
}

export interface SearchCall extends DetectCall {
	readonly request: SearchRequest;
}

/** What moves when encoded audio goes to another thread. */
export function audioBuffers({keys, values}: EncodedAudio): ArrayBuffer[] {
	return [...keys, ...values].map(({buffer}) => buffer as ArrayBuffer);
}
