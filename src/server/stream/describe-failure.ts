import {InfinisstError, type ErrorCode} from '../../core/errors.js';
import {STREAM_CLOSE_CODES} from '../../core/session/stream-protocol.js';

/** A failure as an `error` event tells it. */
export interface StreamFailure {
	readonly code: ErrorCode | null;
	/** Sentences: what happened, and what to do. */
	readonly message: string;
}

/** Nothing of faults that nobody foresaw: what they say is for the log. */
export function describeFailure(error: unknown): StreamFailure {
	if (!InfinisstError.is(error))
		return {code: null, message: 'The server failed at this session; its log says more.'};
	const {code, message, hint} = error;
	const sentence = /[.!?]$/.test(message) ? message : `${message}.`;
	return {code, message: hint === undefined ? sentence : `${sentence} ${hint}`};
}

const CLOSE_CODES: Partial<Record<ErrorCode, number>> = {
	SESSION_UNKNOWN: STREAM_CLOSE_CODES.sessionUnknown,
	// It was taken away, by its owner or with the server.
	RESOURCE_CLOSED: 1001,
	INTERNAL_FAULT: 1011,
	MODEL_CORRUPT: 1011,
};

/** What a socket is closed with after a failure that ended its session. */
export function closeCodeOf(error: unknown): number {
	if (!InfinisstError.is(error)) return 1011;
	if (error.retryable) return STREAM_CLOSE_CODES.tryAgainLater;
	return CLOSE_CODES[error.code] ?? STREAM_CLOSE_CODES.refused;
}
