import type {CommandContext} from '../../../command-context.js';
import {RunStop} from '../../../run-stop.js';

/** Why and how a live run ends. */
export interface LiveStop {
	/** Fires when no more shall be heard; what was heard is still translated and printed. */
	readonly hearing: AbortSignal;
	/** Fires when nothing can be printed any more, with the reason. */
	readonly broken: AbortSignal;
	/** Stops hearing. */
	end(reason: unknown): void;
	/** Listens to nothing any more. */
	close(): void;
}

/**
 * Ctrl-C ends a recording with its work half done, but it is how live use is meant to end: the first one only
 * stops the hearing. All other reasons to stop leave nobody to print to.
 */
export function createLiveStop({signal, stdout}: Pick<CommandContext, 'signal' | 'stdout'>): LiveStop {
	const hearing = new AbortController();
	const broken = new AbortController();
	const fail = (reason: unknown): void => {
		broken.abort(reason);
		hearing.abort(reason);
	};
	const onSignal = (): void => {
		if (RunStop.isInterruption(signal.reason)) hearing.abort(signal.reason);
		else fail(signal.reason);
	};
	// The signal fires once: after a Ctrl-C nobody else would tell that the reader has gone.
	const onStdoutError = (): void => fail(RunStop.readerGone());
	signal.addEventListener('abort', onSignal, {once: true});
	stdout.on('error', onStdoutError);
	if (signal.aborted) onSignal();
	return {
		hearing: hearing.signal,
		broken: broken.signal,
		end: reason => hearing.abort(reason),
		close() {
			signal.removeEventListener('abort', onSignal);
			stdout.off('error', onStdoutError);
		},
	};
}
