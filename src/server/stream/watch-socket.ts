import type {WebSocket} from '@fastify/websocket';

import type {Clock} from '../../core/util/clock.js';
import {watchHeartbeat} from '../sockets/watch-heartbeat.js';

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
	const stopHeartbeat = watchHeartbeat(socket, {clock, mostMissed: 1, onAlive});
	let cancelIdle: () => void = () => undefined;
	const watchSilence = (): void => {
		cancelIdle = clock.after(idleMs, () => (isExcused() ? watchSilence() : onIdle()));
	};
	if (idleMs > 0) watchSilence();
	socket.once('message', () => cancelIdle());
	return () => {
		stopHeartbeat();
		cancelIdle();
	};
}
