import type {Clock} from '../../core/util/clock.js';

/** Resolves when the time has passed, or as soon as the signal fires. */
export function wait(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
	return new Promise(resolve => {
		if (signal.aborted) {
			resolve();
			return;
		}

		const finish = () => {
			cancel();
			signal.removeEventListener('abort', finish);
			resolve();
		};
		const cancel = clock.after(delayMs, finish);
		signal.addEventListener('abort', finish, {once: true});
	});
}
