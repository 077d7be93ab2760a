import {once} from 'node:events';
import {onTestFinished} from 'vitest';
import {WebSocket, type ClientOptions} from 'ws';

/** How a handshake ended that was refused. */
export interface RefusedHandshake {
	readonly status: number;
	readonly body: string;
}

/** A client's socket that is open. Closed when the test has finished. */
export async function openTestSocket(
	url: string,
	protocols: readonly string[] = [],
	options: ClientOptions = {},
): Promise<WebSocket> {
	const socket = new WebSocket(url, [...protocols], options);
	onTestFinished(() => socket.terminate());
	await once(socket, 'open');
	return socket;
}

/** What the server answers instead of opening a socket; undefined if it opens one. */
export async function refuseHandshake(
	url: string,
	protocols: readonly string[] = [],
	options: ClientOptions = {},
): Promise<RefusedHandshake | undefined> {
	const socket = new WebSocket(url, [...protocols], options);
	onTestFinished(() => socket.terminate());
	return new Promise((resolve, reject) => {
		socket.once('open', () => resolve(undefined));
		socket.once('error', reject);
		socket.once('unexpected-response', (_request, response) => {
			let body = '';
			response.setEncoding('utf8');
			response.on('data', (text: string) => (body += text));
			response.on('end', () => resolve({status: response.statusCode ?? 0, body}));
		});
	});
}

/** Code and reason that a socket is closed with. */
export async function whenClosed(
	socket: WebSocket,
): Promise<{readonly code: number; readonly reason: string}> {
	const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
	return {code, reason: reason.toString()};
}
