import type {WebSocket} from '@fastify/websocket';

import {STREAM_CLOSE_CODES, type ServerMessage} from '../../core/session/stream-protocol.js';
import type {Clock} from '../../core/util/clock.js';
import type {SessionFeed} from './session-feed.js';
import {watchSocket} from './watch-socket.js';

/** A listener with more than this before it gets no guesses and no `lag`, ... */
const SPARED_BYTES = 64 * 1024;
/** ... and one with more than this, twenty minutes of finals, is not worth waiting for. */
const HOPELESS_BYTES = 1024 * 1024;
/** Whoever reads nothing does not answer a close either. */
const FAREWELL_MS = 5000;

export interface ListenerSocketParts {
	readonly socket: WebSocket;
	readonly feed: SessionFeed;
	readonly clock: Clock;
	/** Fires when the server goes away. */
	readonly signal: AbortSignal;
	/** It was too slow. */
	readonly onHopeless: () => void;
}

/** Sends what a session says, until it ends or the socket is gone. Nothing that a listener sends matters to anybody. */
export function serveListener({socket, feed, clock, signal, onHopeless}: ListenerSocketParts): void {
	let cancelFarewell: () => void = () => undefined;
	const close = (code: number, reason = ''): void => {
		leave();
		socket.close(code, reason);
		cancelFarewell = clock.after(FAREWELL_MS, () => socket.terminate());
	};
	const goAway = (): void => close(1001, 'The server is shutting down');
	const stopWatching = watchSocket(socket, {
		clock,
		idleMs: 0,
		onAlive: () => undefined,
		isExcused: () => true,
		onIdle: () => undefined,
	});
	const leaveFeed = feed.listen({
		send(message, isNeeded) {
			const {bufferedAmount} = socket;
			if (bufferedAmount > HOPELESS_BYTES) {
				onHopeless();
				close(STREAM_CLOSE_CODES.tryAgainLater, 'Too slow');
			} else if (isNeeded || bufferedAmount <= SPARED_BYTES) {
				socket.send(message, {binary: false});
			}
		},
		end: close,
	});
	const leave = (): void => {
		leaveFeed();
		stopWatching();
		signal.removeEventListener('abort', goAway);
	};
	signal.addEventListener('abort', goAway, {once: true});
	socket.once('message', () => {
		const message: ServerMessage = {
			type: 'error',
			seq: 0,
			at_ms: 0,
			code: 'OPTION_INVALID',
			message: 'Whoever listens cannot send. Open /v1/stream for a session of your own.',
			fatal: true,
		};
		socket.send(JSON.stringify(message));
		close(STREAM_CLOSE_CODES.refused, 'Read only');
	});
	// A frame that is too long or no UTF-8: closed already.
	socket.on('error', () => undefined);
	socket.once('close', () => {
		leave();
		cancelFarewell();
	});
	if (signal.aborted) goAway();
}
