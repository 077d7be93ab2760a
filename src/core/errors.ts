/**
 * The one table of error codes. A caller branches on `code`; `retryable` says whether the same call may
 * succeed later without anybody changing anything. Exit codes live in `cli/exit-codes.ts`, HTTP statuses
 * in `server/`: each is a `Record<ErrorCode, number>`, so a new code does not compile until both answer.
 */
export const ERROR_CATALOGUE = {
	/** An option, argument or configuration value is wrong. */
	OPTION_INVALID: {retryable: false},
	/** No such file or folder, or it may not be read. */
	INPUT_UNREADABLE: {retryable: false},
	/** The bytes are no audio we know, or hold no sample that can be decoded. */
	AUDIO_UNDECODABLE: {retryable: false},
	/** The format is known, but an external program (ffmpeg) is needed and missing. */
	DECODER_MISSING: {retryable: false},
	/** No program here can record, there is no such microphone, or recording failed. */
	CAPTURE_FAILED: {retryable: false},
	/** The model cannot translate between these languages. */
	LANGUAGE_PAIR_UNSUPPORTED: {retryable: false},
	/** No catalogue entry, folder or bundle has this name. */
	MODEL_UNKNOWN: {retryable: false},
	/** Known, but not installed, and no source could be reached. */
	MODEL_UNAVAILABLE: {retryable: true},
	/** Installed files do not have the hashes they must have, or cannot be read. */
	MODEL_CORRUPT: {retryable: false},
	/** The weights are of an architecture or in a format we do not import. */
	MODEL_UNSUPPORTED: {retryable: false},
	/** Another process holds the lock of this model for too long. */
	MODEL_LOCKED: {retryable: true},
	/** Nobody answers at the address of a source of models, or not with a certificate we trust. */
	SOURCE_UNREACHABLE: {retryable: true},
	/** A download failed after all retries. */
	DOWNLOAD_FAILED: {retryable: true},
	/** Not enough room on the disk for what must be written. */
	DISK_FULL: {retryable: false},
	/** A result could not be written. */
	OUTPUT_UNWRITABLE: {retryable: false},
	/** The device or execution provider asked for is not there. */
	DEVICE_UNAVAILABLE: {retryable: false},
	/** No room for another session, and no room to wait for it. */
	ENGINE_BUSY: {retryable: true},
	/** More than its owner may have or send: sessions, audio, bytes, requests. */
	LIMIT_EXCEEDED: {retryable: false},
	/** No key, or none that opens this. */
	ACCESS_DENIED: {retryable: false},
	/** There is no such session here, or it has ended. */
	SESSION_UNKNOWN: {retryable: false},
	/** A program that a command needs is not installed: yt-dlp. */
	PROGRAM_MISSING: {retryable: false},
	/** The process or thread that did the work is gone; what it did can be done again elsewhere. */
	REPLICA_LOST: {retryable: true},
	/** Nobody answers at the address of a worker. */
	PEER_UNREACHABLE: {retryable: true},
	/** Who answers has another secret, speaks another version, or does not speak our protocol. */
	PEER_REFUSED: {retryable: false},
	/** Another process writes to the history for too long. */
	HISTORY_LOCKED: {retryable: true},
	/** The history holds no such cluster, session, job, task or other thing. */
	HISTORY_UNKNOWN: {retryable: false},
	/** The object was used after `close()` or `destroy()`. */
	RESOURCE_CLOSED: {retryable: false},
	/** A rule of this program was broken: a defect, please report it. */
	INTERNAL_FAULT: {retryable: false},
} as const satisfies Record<string, {retryable: boolean}>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

export interface InfinisstErrorOptions {
	/** What to do now, one sentence. */
	readonly hint?: string;
	/** The fault this one wraps, from another library or the system. */
	readonly cause?: unknown;
}

const brand = Symbol.for('infinisst.error');

/**
 * The only error class of the program. `message` says what failed, the value and the place; `hint` says
 * what to do now. Neither ever holds audio, transcript or keys, because messages end up in logs.
 */
export class InfinisstError extends Error {
	override readonly name = 'InfinisstError';
	readonly code: ErrorCode;
	readonly hint: string | undefined;
	readonly [brand] = true;

	constructor(code: ErrorCode, message: string, {hint, cause}: InfinisstErrorOptions = {}) {
		super(message, cause === undefined ? undefined : {cause});
		this.code = code;
		this.hint = hint;
	}

	get retryable(): boolean {
		return ERROR_CATALOGUE[this.code].retryable;
	}

	/** True for errors of this class, also when two copies of the package are loaded. */
	static is(error: unknown, code?: ErrorCode): error is InfinisstError {
		return (
			typeof error === 'object' &&
			error !== null &&
			brand in error &&
			(code === undefined || (error as InfinisstError).code === code)
		);
	}
}
