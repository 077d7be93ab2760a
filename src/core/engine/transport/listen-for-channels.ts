import {unlink} from 'node:fs/promises';
import {connect, createServer, type AddressInfo, type Server, type Socket} from 'node:net';
import {InfinisstError} from '../../errors.js';
import {systemClock, type Clock} from '../../util/clock.js';
import type {Channel} from './channel.js';
import {formatSocketAddress, type SocketAddress} from './socket-address.js';
import {openSocketChannel} from './socket-channel.js';

export interface ListenOptions {
	/** Whoever connects must have it. */
	readonly token: string;
	/** @default the system's */
	readonly clock?: Clock;
	readonly onChannel: (channel: Channel) => void;
	/** A connection was refused; the others are not touched. */
	readonly onRefused?: (error: unknown) => void;
}

export interface ChannelListener {
	/** With the port that was chosen. */
	readonly address: SocketAddress;
	/** Takes no more connections; those that are open stay. */
	close(): Promise<void>;
}

/**
 * Waits for connections and makes a channel of each that knows the token.
 *
 * @throws {InfinisstError} `OPTION_INVALID` if nothing can listen at the address.
 */
export async function listenForChannels(
	address: SocketAddress,
	{token, clock = systemClock, onChannel, onRefused = () => undefined}: ListenOptions,
): Promise<ChannelListener> {
	const ended = new AbortController();
	const accept = async (socket: Socket): Promise<void> => {
		try {
			onChannel(await openSocketChannel(socket, {role: 'listener', token, clock, signal: ended.signal}));
		} catch (error) {
			onRefused(error);
		}
	};
	const server = createServer(socket => void accept(socket));
	try {
		if ('path' in address) await removeAbandonedSocket(address.path);
		await listen(server, address);
	} catch (cause) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`Cannot listen at ${formatSocketAddress(address)}: ${(cause as Error).message}`,
			{hint: 'Choose another address.', cause},
		);
	}

	let closing: Promise<void> | undefined;
	return {
		address: 'path' in address ? address : {...address, port: (server.address() as AddressInfo).port},
		close: () =>
			(closing ??= new Promise(resolve => {
				ended.abort(new InfinisstError('RESOURCE_CLOSED', 'No more connections are taken'));
				// Its callback waits for open connections, which are none of its business.
				server.close();
				server.once('close', resolve);
				if (!server.listening) resolve();
			})),
	};
}

function listen(server: Server, address: SocketAddress): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen(address, resolve);
	});
}

/** A program that was killed leaves its socket's file, at which nobody answers. */
async function removeAbandonedSocket(path: string): Promise<void> {
	const isAbandoned = await new Promise<boolean>(resolve => {
		const probe = connect({path});
		probe.once('connect', () => {
			probe.destroy();
			resolve(false);
		});
		probe.once('error', error => resolve('code' in error && error.code === 'ECONNREFUSED'));
	});
	if (isAbandoned) await unlink(path);
}
