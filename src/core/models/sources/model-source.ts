import type {ModelEventListener} from '../model-event.js';
import type {ModelFile} from '../model-file.js';
import type {ModelOrigin} from '../store/model-manifest.js';

export interface FetchOptions {
	/** Catalogue or store name, for events and messages. */
	readonly model: string;
	/**
	 * Exists, and belongs to this source alone. Unfinished downloads stay in it after a failure, so that the
	 * next call with the same directory goes on where this one stopped.
	 */
	readonly workDirectory: string;
	readonly signal?: AbortSignal | undefined;
	readonly onEvent?: ModelEventListener | undefined;
}

export interface FetchedModel {
	/** Holds the files and nothing else; the caller moves it away. Lies on the disk of `workDirectory`. */
	readonly directory: string;
	/** All files of `directory`, verified. */
	readonly files: readonly ModelFile[];
	readonly origin: ModelOrigin;
	/** As the source states it; undefined if it does not. */
	readonly licence?: string | undefined;
}

/** A place weights can be had from. */
export interface ModelSource {
	/** For people: "Hugging Face hub, Systran/faster-whisper-base". */
	readonly description: string;
	/** Tells work directories of sources apart; safe as a file name. */
	readonly key: string;
	/**
	 * Brings every file needed to run the model, verified.
	 *
	 * @throws {InfinisstError} `DISK_FULL` when no other source would do better, and faults of the disk as the
	 * system throws them; `SOURCE_UNREACHABLE` (retryable), `MODEL_UNKNOWN`, `MODEL_UNAVAILABLE` (retryable), `MODEL_CORRUPT`, `MODEL_UNSUPPORTED` or
	 * `DOWNLOAD_FAILED` (retryable) when another might. After the `signal` fires: `signal.reason`.
	 */
	fetch(options: FetchOptions): Promise<FetchedModel>;
}
