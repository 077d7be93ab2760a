import {setMaxListeners} from 'node:events';
import type {EventEmitter} from 'node:events';

import {InfinisstError} from '../core/errors.js';
import {systemClock, type Clock} from '../core/util/clock.js';
import {RunStop} from './run-stop.js';

/** The part of `process` that says when to stop. */
export interface StopHost extends Pick<EventEmitter, 'on' | 'removeAllListeners'> {
	readonly pid: number;
	readonly stdout: Pick<EventEmitter, 'on'>;
	readonly stderr: Pick<EventEmitter, 'on'>;
	kill(pid: number, signal: NodeJS.Signals): unknown;
}

/**
 * `npx`, `timeout` and others pass a signal on to a program that the terminal or the system has told already. What
 * comes within this time of the first is the same request.
 */
const ONE_REQUEST_MS = 250;

/**
 * A signal that fires when the run shall end: at Ctrl-C and its like, and when the results can no longer
 * be written. A second Ctrl-C ends the process at once, from a quarter of a second after the first.
 *
 * @param beforeEnd - called just before the process is ended, when nothing else of it runs any more.
 */
export function listenForStop(
	host: StopHost,
	beforeEnd: () => void = () => undefined,
	clock: Pick<Clock, 'nowMs'> = systemClock,
): AbortSignal {
	const controller = new AbortController();
	let askedMs: number | undefined;
	// Everything that waits listens, and much may wait at once: no sign of a leak.
	setMaxListeners(0, controller.signal);
	for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		host.on(name, () => {
			if (!controller.signal.aborted) {
				askedMs = clock.nowMs();
				controller.abort(RunStop.interrupted());
				return;
			}
			if (askedMs !== undefined && clock.nowMs() - askedMs < ONE_REQUEST_MS) return;

			// The system's own answer, because exit() would first wait for the native threads.
			beforeEnd();
			host.removeAllListeners(name);
			host.kill(host.pid, name);
		});
	}

	host.stdout.on('error', (error: NodeJS.ErrnoException) => controller.abort(reasonOf(error)));
	// Nobody reads our progress: no reason to stop working.
	host.stderr.on('error', () => undefined);
	return controller.signal;
}

function reasonOf(error: NodeJS.ErrnoException): RunStop | InfinisstError {
	if (error.code === 'EPIPE') return RunStop.readerGone();
	return new InfinisstError('OUTPUT_UNWRITABLE', `Cannot write to the standard output: ${error.message}`, {
		hint: 'Check where it is redirected to.',
		cause: error,
	});
}
