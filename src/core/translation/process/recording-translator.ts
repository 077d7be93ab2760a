import type {FileTranslationOptions} from '../file-translator.js';
import type {TranslationEvent} from '../translation-event.js';

/** A recording on the disk, and what is wanted of it. */
export interface RecordingRequest {
	/** Absolute. Must stay there until the iteration has ended. */
	readonly path: string;
	/** What messages call it instead of its path. */
	readonly name: string;
	/** Audio beyond this is refused: a small file may hold very much. @default no limit */
	readonly maxAudioMs?: number;
	readonly options: Omit<FileTranslationOptions, 'signal'>;
}

/** Translates recordings away from the calling thread. Several at once share the model. */
export interface RecordingTranslator {
	/** Resolves once nothing can be translated any more, whatever ended it. Never rejects. */
	readonly gone: Promise<void>;
	/**
	 * Events in the order of the audio. Ending the iteration early gives the recording up.
	 *
	 * @throws {InfinisstError} what `openAudio()` and the model throw; `LIMIT_EXCEEDED`; `REPLICA_LOST` (retryable) if
	 * what translates is gone; `signal.reason`.
	 */
	translate(recording: RecordingRequest, signal?: AbortSignal): AsyncIterable<TranslationEvent>;
	/** Takes no more, waits for what runs, then frees the model. Idempotent. */
	close(): Promise<void>;
	/** Now: what runs throws `reason`. Idempotent. */
	destroy(reason?: unknown): Promise<void>;
}
