import type {BatchSettings} from '../../../engine/engine.js';
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
	readonly settings: BatchSettings;
}

/** A call that waits for its turn. */
interface ScheduledCall {
	/** On the caller's clock. */
	readonly deadlineMs: number | undefined;
}

export interface EncodeCall extends ScheduledCall {
	readonly samples: Float32Array;
	readonly silenceMs: number;
}

/** Announces audio to the decoder, or gives it up. */
export interface AudioCall {
	readonly id: number;
}

/** Hands audio to the decoder, which keeps it under the caller's number. */
export interface PrepareCall extends AudioCall {
	readonly audio: EncodedAudio;
}

export interface DetectCall extends AudioCall, ScheduledCall {}

export interface SearchCall extends AudioCall, ScheduledCall {
	readonly request: SearchRequest;
	readonly keep: boolean;
}

export interface LiveSearchCall extends AudioCall, ScheduledCall {
	readonly request: LiveSearchRequest;
	readonly keep: boolean;
}

export interface ConfigureCall {
	readonly settings: BatchSettings;
}
