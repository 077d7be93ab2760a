import {once} from 'node:events';
import {createInterface} from 'node:readline';
import type {Readable} from 'node:stream';

import {InfinisstError} from '../../../core/errors.js';
import type {WorkerOptions} from './worker-options.js';

export interface WorkerInput {
	/** Empty where none is wanted. */
	readonly token: string;
	/** Fires when the standard input ends, if that is to end the worker. */
	readonly ended: AbortSignal;
	/** Lets go of the standard input, which would keep the process running. */
	close(): void;
}

/**
 * Reads what a worker is told on its standard input. It is touched only if something is expected there.
 *
 * @param context - whose `stdin` is read.
 * @throws {InfinisstError} `OPTION_INVALID` if there is no token; `signal.reason`.
 */
export async function readWorkerInput(
	{tokenStdin, exitWithStdin}: Pick<WorkerOptions, 'tokenStdin' | 'exitWithStdin'>,
	context: {readonly stdin: Readable; readonly signal: AbortSignal},
): Promise<WorkerInput> {
	const ended = new AbortController();
	if (!tokenStdin && !exitWithStdin) return {token: '', ended: ended.signal, close: () => undefined};
	const lines = createInterface({input: context.stdin});
	const closed = once(lines, 'close').then((): string[] => {
		if (exitWithStdin) ended.abort(new InfinisstError('RESOURCE_CLOSED', 'The standard input has ended'));
		return [];
	});
	const close = (): void => {
		lines.close();
		context.stdin.pause();
	};
	try {
		const first = tokenStdin ? once(lines, 'line', {signal: context.signal}) : Promise.resolve(['']);
		const [token = ''] = (await Promise.race([first, closed])) as [string?];
		if (tokenStdin && token.trim() === '') {
			throw new InfinisstError('OPTION_INVALID', 'There is no token on the standard input', {
				hint: 'Write it there as the first line, or leave out --token-stdin.',
			});
		}

		return {token: token.trim(), ended: ended.signal, close};
	} catch (error) {
		close();
		context.signal.throwIfAborted();
		throw error;
	}
}
