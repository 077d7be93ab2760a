import {connect} from 'node:net';
import {InfinisstError} from '../../errors.js';
import {systemClock, type Clock} from '../../util/clock.js';
import {createDeferred} from '../../util/deferred.js';
import type {Channel} from './channel.js';
import {formatSocketAddress, type SocketAddress} from './socket-address.js';
import {openSocketChannel} from './socket-channel.js';

export interface ConnectChannelOptions {
	/** The listener's. */
	readonly token: string;
	/** @default the system's */
	readonly clock?: Clock;
	readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a channel to a program that listens at an address.
 *
 * @throws {InfinisstError} `PEER_UNREACHABLE` (retryable) if nobody answers; `PEER_REFUSED`; `signal.reason`.
 */
export async function connectChannel(
	address: SocketAddress,
	{token, clock = systemClock, signal}: ConnectChannelOptions,
): Promise<Channel> {
	signal?.throwIfAborted();
	const socket = connect(address);
	const connected = createDeferred();
	const abort = (): void => {
		connected.reject(signal!.reason);
	};
	socket.once('connect', () => connected.resolve());
	socket.once('error', connected.reject);
	signal?.addEventListener('abort', abort, {once: true});
	try {
		await connected.promise;
	} catch (cause) {
		socket.on('error', () => undefined).destroy();
		signal?.throwIfAborted();
		throw new InfinisstError(
			'PEER_UNREACHABLE',
			`Nobody answers at ${formatSocketAddress(address)}: ${(cause as Error).message}`,
			{hint: 'Check the address, and that the program there runs.', cause},
		);
	} finally {
		signal?.removeEventListener('abort', abort);
	}
	return openSocketChannel(socket, {role: 'caller', token, clock, signal});
}
