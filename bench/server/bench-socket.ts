import {once} from 'node:events';
import {WebSocket} from 'ws';
import type {ServerMessage} from '../../src/core/session/stream-protocol.js';

/** Opened so many at a time: the rest would only wait in the system's line. */
const OPENED_AT_ONCE = 50;

/** Opens sockets, each ready to be used. */
export async function openSockets(
	count: number,
	open: (index: number) => Promise<WebSocket>,
): Promise<readonly WebSocket[]> {
	const sockets: WebSocket[] = [];
	while (sockets.length < count) {
		const some = Math.min(OPENED_AT_ONCE, count - sockets.length);
		const first = sockets.length;
		sockets.push(...(await Promise.all(Array.from({length: some}, (_, index) => open(first + index)))));
	}
	return sockets;
}

export async function openSocket(url: string): Promise<WebSocket> {
	const socket = new WebSocket(url, {perMessageDeflate: false});
	await once(socket, 'open');
	return socket;
}

/** A new session of `/v1/stream`, active already. @returns with its id. */
export async function openSession(
	socketUrl: string,
	query: string,
): Promise<{readonly socket: WebSocket; readonly id: string}> {
	const socket = new WebSocket(`${socketUrl}/v1/stream?${query}`, {perMessageDeflate: false});
	const [data] = (await once(socket, 'message')) as [Buffer];
	const message = readMessage(data);
	if (message.type !== 'session.created') throw new Error(`The first event was ${message.type}.`);
	return {socket, id: String(message['session'])};
}

export function readMessage(data: Buffer): ServerMessage {
	return JSON.parse(data.toString()) as ServerMessage;
}

export async function closeSockets(sockets: readonly WebSocket[]): Promise<void> {
	await Promise.all(
		sockets.map(async socket => {
			const closed = once(socket, 'close');
			socket.close(1000);
			await closed;
		}),
	);
}

export function delay(ms: number): Promise<void> {
	return new Promise(resolve => setTimeout(resolve, ms));
}
