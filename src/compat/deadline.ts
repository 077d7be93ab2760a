export interface Deadline {
	/** Fires when the time is over, or with the signal that it was made of. */
	readonly signal: AbortSignal;
	/** Nothing waits any more: the signal fires, and the timer is gone. */
	stop(): void;
}

/**
 * The end of some time. Unlike `AbortSignal.any()` of an `AbortSignal.timeout()` it keeps its timer: Node 20 may collect
 * those two as garbage, and what waits for them waits for ever.
 */
export function startDeadline(durationMs: number, signal: AbortSignal): Deadline {
	const controller = new AbortController();
	const timer = setTimeout(() => controller.abort(), durationMs);
	const giveUp = (): void => controller.abort(signal.reason);
	if (signal.aborted) giveUp();
	else signal.addEventListener('abort', giveUp, {once: true});
	return {
		signal: controller.signal,
		stop() {
			clearTimeout(timer);
			signal.removeEventListener('abort', giveUp);
			controller.abort();
		},
	};
}
