import {createServer, type IncomingMessage, type RequestListener, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {Duplex} from 'node:stream';

import {InfinisstError} from '../../core/errors.js';

export interface Listening {
	/** For example "http://127.0.0.1:8080". */
	readonly url: string;
	/** Takes no new requests, and waits for those under way. Idempotent. */
	close(): Promise<void>;
}

export interface ListenOptions {
	readonly host: string;
	readonly port: number;
	/** Is given connections that ask for another protocol. @default they are answered as if they did not */
	readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, rest: Buffer) => void;
}

/** @throws {InfinisstError} `OPTION_INVALID` when the port cannot be had. */
export async function listen(
	listener: RequestListener,
	{host, port, onUpgrade}: ListenOptions,
): Promise<Listening> {
	const server = createServer(listener);
	if (onUpgrade !== undefined) server.on('upgrade', onUpgrade);
	await new Promise<void>((resolve, reject) => {
		server.once('error', error =>
			reject(
				new InfinisstError('OPTION_INVALID', `Cannot listen on ${host}:${port}: ${error.message}`, {
					hint: 'Choose another with --port, or 0 for any that is free.',
					cause: error,
				}),
			),
		);
		server.listen(port, host, resolve);
	});
	const {port: chosen} = server.address() as AddressInfo;
	let closing: Promise<void> | undefined;
	return {
		url: `http://${host.includes(':') ? `[${host}]` : host}:${chosen}`,
		close: () => (closing ??= closeServer(server)),
	};
}

function closeServer(server: Server): Promise<void> {
	return new Promise(resolve => {
		server.close(() => resolve());
		server.closeIdleConnections();
	});
}
