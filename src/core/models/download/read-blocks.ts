import type {Readable} from 'node:stream';

/** Read ahead of the disk at most about this much. */
const MAX_QUEUED_BYTES = 4 << 20;

/**
 * The blocks of a stream in order. When the stream breaks, first those that had arrived and then its error;
 * iterating the stream itself would throw away what it holds, up to all that a short-lived connection
 * brought. Listens from the moment of the call, so that no end is missed; whoever does not read destroys
 * the stream. Ending the iteration early destroys it as well.
 */
export function readBlocks(stream: Readable): AsyncGenerator<Buffer, void> {
	const queue: Buffer[] = [];
	let queuedBytes = 0;
	const state: {hasEnded: boolean; fault?: {readonly error: unknown}} = {hasEnded: false};
	let wake: () => void = () => undefined;

	stream.on('data', (block: Buffer) => {
		queue.push(block);
		queuedBytes += block.length;
		if (queuedBytes > MAX_QUEUED_BYTES) stream.pause();
		wake();
	});
	stream.on('end', () => {
		state.hasEnded = true;
		wake();
	});
	stream.on('error', error => {
		state.fault ??= {error};
		wake();
	});
	stream.on('close', () => {
		if (!state.hasEnded) state.fault ??= {error: new Error('The stream was closed before its end')};
		wake();
	});

	return (async function* () {
		try {
			for (;;) {
				const block = queue.shift();
				if (block !== undefined) {
					queuedBytes -= block.length;
					yield block;
				} else if (state.fault !== undefined) throw state.fault.error;
				else if (state.hasEnded) return;
				else {
					const woken = new Promise<void>(resolve => {
						wake = resolve;
					});
					stream.resume();
					await woken;
				}
			}
		} finally {
			stream.destroy();
		}
	})();
}
