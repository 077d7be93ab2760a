import {once} from 'node:events';
import type {Writable} from 'node:stream';

/**
 * Writes and waits until there is room for more, so that a slow reader slows the work down instead of
 * filling the memory.
 *
 * @throws `signal.reason` if the signal fires while waiting.
 */
export async function writeText(stream: Writable, text: string, signal: AbortSignal): Promise<void> {
	signal.throwIfAborted();
	if (text === '' || stream.write(text)) return;
	try {
		await once(stream, 'drain', {signal});
	} catch (error) {
		signal.throwIfAborted();
		throw error;
	}
}
