import {once} from 'node:events';
import {createServer, type IncomingMessage, type RequestListener, type Server} from 'node:http';
import {createServer as createSocketServer, type AddressInfo, type Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import {onTestFinished} from 'vitest';

export interface TestHead {
	/** "http://127.0.0.1:12345" */
	readonly address: string;
	/** What was asked, in order. */
	readonly requests: readonly IncomingMessage[];
	/** Gone at once, with all its connections. */
	stop(): Promise<void>;
	/** There again, at the same address. */
	start(): Promise<void>;
}

/** A server that does what a test says: a head that answers well, or badly. */
export async function startHead(
	listener: RequestListener,
	onUpgrade?: (request: IncomingMessage, socket: Duplex, rest: Buffer) => void,
): Promise<TestHead> {
	const requests: IncomingMessage[] = [];
	let server: Server | undefined;
	let port = 0;
	const head = {
		requests,
		get address() {
			return `http://127.0.0.1:${port}`;
		},
		async start() {
			server = createServer((request, response) => {
				requests.push(request);
				listener(request, response);
			});
			if (onUpgrade !== undefined) server.on('upgrade', onUpgrade);
			server.listen(port, '127.0.0.1');
			await once(server, 'listening');
			port = (server.address() as AddressInfo).port;
		},
		async stop() {
			const closing = server;
			server = undefined;
			if (closing === undefined) return;
			const closed = once(closing, 'close');
			closing.close();
			closing.closeAllConnections();
			await closed;
		},
	};
	await head.start();
	onTestFinished(() => head.stop());
	return head;
}

/** A head that does not even speak HTTP as it should: the test writes the bytes. @returns its address. */
export async function startRawHead(onConnection: (socket: Socket) => void): Promise<string> {
	const sockets = new Set<Socket>();
	const server = createSocketServer(socket => {
		sockets.add(socket);
		socket.on('error', () => socket.destroy());
		socket.on('close', () => sockets.delete(socket));
		onConnection(socket);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	onTestFinished(() => {
		server.close();
		for (const socket of sockets) socket.destroy();
	});
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
