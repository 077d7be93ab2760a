import type {Server} from 'node:http';
import type {Socket} from 'node:net';

import type {Registry} from 'prom-client';

import {countRefusal, type RefusalReason} from './count-refusal.js';

/** How long connections may take, and how much they may say before there is a request. */
export interface ConnectionLimits {
	/** From the first byte to the end of the headers. */
	readonly headersTimeoutMs: number;
	/** To the end of the body. */
	readonly requestTimeoutMs: number;
	/** A connection without a request is kept for so long. */
	readonly keepAliveTimeoutMs: number;
	/** How often those that took too long are looked for. */
	readonly checkIntervalMs: number;
	/** Of all headers together. */
	readonly headersBytes: number;
	/** Those beyond are not looked at. */
	readonly headersCount: number;
}

export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
	// A browser sends its headers in one packet; a bad mobile line takes seconds.
	headersTimeoutMs: 10_000,
	// An upload of the largest size (1 GiB) at 10 Mbit/s takes 15 minutes.
	requestTimeoutMs: 900_000,
	// Longer than the 60 s after which proxies usually close theirs: who closes first must be the proxy.
	keepAliveTimeoutMs: 72_000,
	checkIntervalMs: 2_000,
	// Node's own. Session ids and keys are below 1 KiB.
	headersBytes: 16 * 1024,
	headersCount: 100,
};

/** Connections beyond the sockets that may be open: requests of all others. */
const MORE_CONNECTIONS = 1024;

/** Answers and counts connections that never become a request. */
export function limitConnections(
	server: Server,
	{headersCount}: ConnectionLimits,
	sockets: () => number,
	metrics: Registry,
): void {
	server.maxHeadersCount = headersCount;
	server.maxConnections = sockets() + MORE_CONNECTIONS;
	server.on('drop', () => countRefusal(metrics, 'connections'));
}

interface Answer {
	readonly status: string;
	readonly reason: RefusalReason;
	readonly message: string;
}

const ANSWERS: Readonly<Record<string, Answer>> = {
	ERR_HTTP_REQUEST_TIMEOUT: {
		status: '408 Request Timeout',
		reason: 'slow',
		message: 'The request took too long to arrive.',
	},
	HPE_HEADER_OVERFLOW: {
		status: '431 Request Header Fields Too Large',
		reason: 'headers',
		message: 'The headers are too large.',
	},
};

const MALFORMED: Answer = {
	status: '400 Bad Request',
	reason: 'malformed',
	message: 'This is no HTTP request.',
};

/** For `clientErrorHandler`: there is no request to answer, only a connection. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket, metrics: Registry): void {
	// What comes after the answer is told as a fault again.
	if (error.code === 'ECONNRESET' || socket.destroyed || socket.writableEnded) return;
	const {status, reason, message} = ANSWERS[error.code ?? ''] ?? MALFORMED;
	countRefusal(metrics, reason);
	if (!socket.writable) {
		socket.destroy();
		return;
	}

	const body = JSON.stringify({error: message});
	socket.end(
		`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
		// Who floods does not read.
		() => socket.destroy(),
	);
}
