import type {IncomingMessage, RequestListener} from 'node:http';
import {Socket} from 'node:net';
import type {Duplex} from 'node:stream';

import {respondOver, type LiveGate} from './live-gate.js';

/**
 * Passes web sockets on to live clusters. Whatever else wants another protocol is answered as if it did not,
 * as HTTP allows.
 */
export function createUpgradeListener(
	gate: LiveGate,
	listener: RequestListener,
): (request: IncomingMessage, socket: Duplex, rest: Buffer) => void {
	return (request, socket, rest) => {
		if (!(socket instanceof Socket)) {
			socket.destroy();
			return;
		}

		// Without a listener a connection that breaks would end the process.
		socket.on('error', () => socket.destroy());
		gate.upgrade(request, socket, rest).then(
			isDone => {
				if (!isDone) listener(request, respondOver(request, socket));
			},
			() => socket.destroy(),
		);
	};
}
