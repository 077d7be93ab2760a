import {randomBytes, timingSafeEqual} from 'node:crypto';
import {once} from 'node:events';
import {createServer, request as sendRequest, type IncomingMessage, type ServerResponse} from 'node:http';
import {connect, isIPv6, type AddressInfo, type LookupFunction, type Socket} from 'node:net';
import type {Duplex} from 'node:stream';

import {InfinisstError} from '../../core/errors.js';
import {tooLarge} from '../../core/video/run-yt-dlp.js';
import {resolvePublicAddresses, type Lookup} from './public-address.js';
import {assertHostAllowed} from './video-address.js';

export interface FilteringProxyOptions {
	/** Subdomains of them count too. */
	readonly allowedHosts: readonly string[];
	readonly allowPrivateAddresses: boolean;
	/** From all hosts together. */
	readonly maxBytes: number;
	readonly lookup: Lookup;
	/** Called once, when more than `maxBytes` came; nothing gets through any more. */
	readonly onOverflow: (error: InfinisstError) => void;
}

export interface FilteringProxy {
	/** With its secret: for nobody else. */
	readonly url: string;
	/** The first request that was refused, which may be the reason of a later failure. */
	readonly refusal: InfinisstError | undefined;
	/** Ends all connections. */
	close(): Promise<void>;
}

/** Headers that are meant for a proxy, or that it must set itself (RFC 9110, 7.6.1). */
const HOP_HEADERS = new Set([
	...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection'],
	...['te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

/** As long as yt-dlp waits by default. */
const CONNECT_TIMEOUT_MS = 20_000;

/**
 * A proxy through which a program reaches allowed hosts only: whatever redirect it follows, each request is checked by the name of
 * its host and by the addresses that name has, and goes to the very address that was checked, so that a name which changes
 * its address between two questions gains nothing.
 */
export async function openFilteringProxy(options: FilteringProxyOptions): Promise<FilteringProxy> {
	const {allowedHosts, maxBytes, onOverflow} = options;
	const secret = randomBytes(24).toString('hex');
	const expected = Buffer.from(`Basic ${Buffer.from(`infinisst:${secret}`).toString('base64')}`);
	const sockets = new Set<Duplex>();
	let refusal: InfinisstError | undefined;
	let receivedBytes = 0;
	const server = createServer((request, response) => void passRequest(request, response));
	server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
		void passTunnel(request, client, head);
	});
	server.on('connection', keep);
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const {port} = server.address() as AddressInfo;

	return {
		url: `http://infinisst:${secret}@127.0.0.1:${port}`,
		get refusal() {
			return refusal;
		},
		async close() {
			const closed = new Promise<void>(resolve => server.close(() => resolve()));
			for (const socket of sockets) socket.destroy();
			await closed;
		},
	};

	function keep(socket: Duplex): void {
		sockets.add(socket);
		socket.on('close', () => sockets.delete(socket));
		// Either end may leave at any time.
		socket.on('error', () => socket.destroy());
	}

	async function passRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
		if (!isKnown(request)) {
			response.writeHead(407, {'proxy-authenticate': 'Basic realm="infinisst"'}).end();
			return;
		}

		const target = URL.canParse(request.url ?? '') ? new URL(request.url!) : undefined;
		if (target?.protocol !== 'http:') {
			response.writeHead(400).end();
			return;
		}

		try {
			const socket = await openConnection(target);
			const headers = Object.entries(request.headers).filter(([name]) => !HOP_HEADERS.has(name));
			const forwarded = sendRequest({
				createConnection: () => socket,
				method: request.method,
				path: `${target.pathname}${target.search}`,
				headers: {...Object.fromEntries(headers), host: target.host, connection: 'close'},
				setHost: false,
			});
			forwarded.on('error', () => response.destroy());
			forwarded.on('response', answer => {
				const kept = Object.entries(answer.headers).filter(([name]) => !HOP_HEADERS.has(name));
				response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept));
				answer.on('error', () => response.destroy());
				answer.on('data', count);
				answer.pipe(response);
			});
			response.on('close', () => socket.destroy());
			request.pipe(forwarded);
		} catch (error) {
			response.writeHead(statusOf(error)).end();
		}
	}

	async function passTunnel(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
		keep(client);
		if (!isKnown(request)) {
			client.end(
				'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="infinisst"\r\n\r\n',
			);
			return;
		}

		const authority = `http://${request.url ?? ''}`;
		const target = URL.canParse(authority) ? new URL(authority) : undefined;
		if (target?.pathname !== '/') {
			client.end('HTTP/1.1 400 Bad Request\r\n\r\n');
			return;
		}

		try {
			const socket = await openConnection(target);
			client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
			if (head.length > 0) socket.write(head);
			client.on('close', () => socket.destroy());
			socket.on('close', () => client.destroy());
			client.pipe(socket);
			socket.on('data', count);
			socket.pipe(client);
		} catch (error) {
			client.end(`HTTP/1.1 ${statusOf(error)} Refused\r\n\r\n`);
		}
	}

	function isKnown(request: IncomingMessage): boolean {
		const given = Buffer.from(request.headers['proxy-authorization'] ?? '');
		return given.length === expected.length && timingSafeEqual(given, expected);
	}

	/** A connection to a host that is allowed, at the address that was found to be. */
	async function openConnection({hostname, port}: URL): Promise<Socket> {
		try {
			if (receivedBytes > maxBytes) throw tooLarge(maxBytes);
			assertHostAllowed(hostname, allowedHosts);
			const addresses = await resolvePublicAddresses(hostname, options);
			const socket = connect({
				host: hostname,
				port: port === '' ? 80 : Number(port),
				// No further question to the system, which might be answered otherwise.
				lookup: answerWith(addresses),
				autoSelectFamily: true,
			});
			keep(socket);
			socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error('No connection in time')));
			await once(socket, 'connect');
			socket.setTimeout(0);
			return socket;
		} catch (error) {
			if (InfinisstError.is(error)) refusal ??= error;
			throw error;
		}
	}

	function count(chunk: Buffer): void {
		const wasWithin = receivedBytes <= maxBytes;
		receivedBytes += chunk.length;
		if (!wasWithin || receivedBytes <= maxBytes) return;
		for (const socket of sockets) socket.destroy();
		onOverflow(tooLarge(maxBytes));
	}
}

/** Lets a connection be made to addresses that were found before. */
function answerWith(addresses: readonly string[]): LookupFunction {
	const found = addresses.map(address => ({address, family: isIPv6(address) ? 6 : 4}));
	return (_host, {all}, done) => {
		if (all === true) done(null, found);
		else done(null, found[0]!.address, found[0]!.family);
	};
}

function statusOf(error: unknown): 403 | 502 {
	return InfinisstError.is(error, 'OPTION_INVALID') ? 403 : 502;
}
