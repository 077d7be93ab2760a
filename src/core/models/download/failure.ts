import type {ErrorCode} from '../../errors.js';

/** Why one attempt at a request came to nothing, and whether another is worth it. */
export interface Failure {
	/** Code of the error if this was the last attempt. */
	readonly code: ErrorCode;
	/** One sentence without a full stop. */
	readonly reason: string;
	readonly hint?: string;
	readonly isRetryable: boolean;
	/** Nobody answered at all: tried less often, because another source may be at hand. */
	readonly isUnreachable?: boolean;
	/** The attempt brought new bytes, so attempts are counted anew. */
	readonly hasProgressed?: boolean;
	/** The server asked to wait this long. */
	readonly retryAfterMs?: number;
	readonly cause?: unknown;
}

export type Attempt<Value> =
	{readonly isDone: true; readonly value: Value} | {readonly isDone: false; readonly failure: Failure};

export function done<Value>(value: Value): Attempt<Value> {
	return {isDone: true, value};
}

export function failed(failure: Failure): {readonly isDone: false; readonly failure: Failure} {
	return {isDone: false, failure};
}
