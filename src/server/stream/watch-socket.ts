import type {WebSocket} from '@fastify/websocket';

import type {Clock} from '../../core/util/clock.js';

/** Proxies close what is silent after a minute, and a page that has gone without a word shall not be held for long. */
const PING_MS = 30_000;

export interface WatchSocketOptions {
	readonly clock: Clock;
	/** Until the first message. 0 for a socket that need not send any. */
	readonly idleMs: number;
	/** The other end has answered. */
	readonly onAlive: () => void;
	/** It need not send anything yet: asked when it would be idle. */
	readonly isExcused: () => boolean;
	readonly onIdle: () => void;
}

/** Finds out whether anybody is there, and ends a socket whose other end has gone without a word. @returns ends it. */
export function watchSocket(
	socket: WebSocket,
	{clock, idleMs, onAlive, isExcused, onIdle}: WatchSocketOptions,
): () => void {
	let isAwaited = false;
	let cancelPing: () => void;
	const ping = (): void => {
		// As long as we do not read, no answer can come.
		if (isAwaited && !socket.isPaused) {
			socket.terminate();
			return;
		}
		isAwaited = true;
		if (socket.readyState === socket.OPEN) socket.ping();
		cancelPing = clock.after(PING_MS, ping);
	};
	cancelPing = clock.after(PING_MS, ping);
	socket.on('pong', () => {
		isAwaited = false;
		onAlive();
	});
	let cancelIdle: () => void = () => undefined;
	const watchSilence = (): void => {
		cancelIdle = clock.after(idleMs, () => (isExcused() ? watchSilence() : onIdle()));
	};
	if (idleMs > 0) watchSilence();
	socket.once('message', () => cancelIdle());
	return () => {
		cancelPing();
		cancelIdle();
	};
}
