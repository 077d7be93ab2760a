import type {WebSocket} from '@fastify/websocket';

import type {Clock} from '../../core/util/clock.js';

/** Proxies close what is silent after a minute, and a page that has gone without a word shall not be held for long. */
const HEARTBEAT_MS = 30_000;

export interface WatchHeartbeatOptions {
	readonly clock: Clock;
	/** Pings in a row that nothing came after, before the socket is ended with the next. */
	readonly mostMissed: number;
	/** The other end has answered a ping. */
	readonly onAlive?: () => void;
}

/**
 * Finds out whether anybody is there, and ends a socket whose other end has gone without a word. Any frame is a sign of
 * life, also while a client that writes a file does not read our pings.
 *
 * @returns ends it.
 */
export function watchHeartbeat(
	socket: WebSocket,
	{clock, mostMissed, onAlive}: WatchHeartbeatOptions,
): () => void {
	let missed = 0;
	const hear = (): void => {
		missed = 0;
	};
	socket.on('pong', () => {
		hear();
		onAlive?.();
	});
	socket.on('ping', hear);
	socket.on('message', hear);
	const beat = (): void => {
		// As long as we do not read, no answer can come.
		if (!socket.isPaused && ++missed > mostMissed) {
			socket.terminate();
			return;
		}
		if (socket.readyState === socket.OPEN) socket.ping();
		cancel = clock.after(HEARTBEAT_MS, beat);
	};
	let cancel = clock.after(HEARTBEAT_MS, beat);
	return () => cancel();
}
