import {setTimeout as wait} from 'node:timers/promises';
import {InfinisstError} from '../../errors.js';
import type {Attempt, Failure} from './failure.js';

export interface RetryPolicy {
	/** Attempts in a row without progress. */
	readonly maxAttempts: number;
	/** Attempts in a row at a host that does not answer at all. */
	readonly maxUnreachableAttempts: number;
	/** Doubled with every attempt; the wait is a random part of it, so that many clients do not come back at once. */
	readonly baseDelayMs: number;
	readonly maxDelayMs: number;
	/** A server that asks for a longer wait is given up. */
	readonly maxRetryAfterMs: number;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
	maxAttempts: 6,
	maxUnreachableAttempts: 2,
	baseDelayMs: 1000,
	maxDelayMs: 30_000,
	maxRetryAfterMs: 300_000,
};

export type Delay = (delayMs: number, signal: AbortSignal | undefined) => Promise<void>;

/** Rejects with `signal.reason` when the signal fires. */
const delayByTimer: Delay = async (delayMs, signal) => {
	await wait(delayMs, undefined, {...(signal && {signal})}).catch(() => signal?.throwIfAborted());
};

export interface RetryOptions {
	readonly policy?: RetryPolicy | undefined;
	readonly delay?: Delay | undefined;
	readonly signal?: AbortSignal | undefined;
	/** Before each wait; `attempt` is the number of the one that failed, from 1. */
	readonly onRetry?: (attempt: number, delayMs: number, reason: string) => void;
}

/**
 * Makes attempts until one is done or no more are worth it.
 *
 * @param task - for the message: "download model.bin".
 * @throws {InfinisstError} with the code of the last failure; `signal.reason` after the signal fires.
 */
export async function retry<Value>(
	task: string,
	makeAttempt: () => Promise<Attempt<Value>>,
	{policy = DEFAULT_RETRY_POLICY, delay = delayByTimer, signal, onRetry}: RetryOptions,
): Promise<Value> {
	for (let attempt = 1; ; attempt++) {
		signal?.throwIfAborted();
		const result = await makeAttempt();
		if (result.isDone) return result.value;
		const {failure} = result;
		if (failure.hasProgressed) attempt = 1;
		const limit = failure.isUnreachable ? policy.maxUnreachableAttempts : policy.maxAttempts;
		const isPatient = (failure.retryAfterMs ?? 0) <= policy.maxRetryAfterMs;
		if (!failure.isRetryable || attempt >= limit || !isPatient) throw toError(task, failure);
		const delayMs = failure.retryAfterMs ?? chooseDelay(attempt, policy);
		onRetry?.(attempt, delayMs, failure.reason);
		await delay(delayMs, signal);
	}
}

function chooseDelay(attempt: number, {baseDelayMs, maxDelayMs}: RetryPolicy): number {
	const ceilingMs = Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1));
	// At least half of it: a wait of nothing would not be a wait.
	return Math.round(ceilingMs * (0.5 + Math.random() / 2));
}

function toError(task: string, {code, reason, hint, retryAfterMs, cause}: Failure): InfinisstError {
	const patience = retryAfterMs === undefined ? '' : `, asking to wait ${Math.ceil(retryAfterMs / 1000)} s`;
	return new InfinisstError(code, `Could not ${task}: ${reason}${patience}.`, {
		...(hint !== undefined && {hint}),
		cause,
	});
}
