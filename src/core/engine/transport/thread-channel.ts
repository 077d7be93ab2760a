import type {MessagePort, Worker} from 'node:worker_threads';
import {InfinisstError} from '../../errors.js';
import type {Channel} from './channel.js';

/** Tells the other end that nothing comes any more: the port itself may stay open. */
const CLOSED = 'channel-closed';

/**
 * A channel over a message port, or over a thread that talks through its own. Buffers are moved, not copied.
 * Closing it leaves the thread running.
 */
export function openThreadChannel(port: MessagePort | Worker): Channel {
	let isClosed = false;
	let notify: (cause?: unknown) => void = () => undefined;
	const finish = (cause?: unknown): void => {
		if (isClosed) return;
		isClosed = true;
		notify(cause);
	};
	return {
		movesBuffers: true,
		post(message, transfer = []) {
			if (isClosed) return;
			try {
				port.postMessage(message, transfer);
			} catch (cause) {
				throw new InfinisstError('INTERNAL_FAULT', 'A message cannot be sent to a thread', {cause});
			}
		},
		listen(listener) {
			notify = cause => {
				listener.onClose(cause);
			};
			port.on('message', (message: unknown) => {
				if (isClosed) return;
				if (message === CLOSED) finish();
				else listener.onMessage(message);
			});
			port.on('error', finish);
			port.on('exit', (exitCode: number) => {
				finish(new Error(`the thread ended with exit code ${exitCode}`));
			});
			port.on('close', () => finish());
		},
		close() {
			if (isClosed) return;
			port.postMessage(CLOSED);
			finish();
		},
	};
}
