import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {MessageChannel} from 'node:worker_threads';

import type {Engine} from '../../src/core/engine/engine.js';
import type {Channel} from '../../src/core/engine/transport/channel.js';
import {connectChannel} from '../../src/core/engine/transport/connect-channel.js';
import {listenForChannels} from '../../src/core/engine/transport/listen-for-channels.js';
import {openRemoteEngine, type RemoteEngine} from '../../src/core/engine/transport/remote-engine.js';
import {serveEngine} from '../../src/core/engine/transport/serve-engine.js';
import type {SocketAddress} from '../../src/core/engine/transport/socket-address.js';
import {openThreadChannel} from '../../src/core/engine/transport/thread-channel.js';
import type {Clock} from '../../src/core/util/clock.js';
import {createDeferred} from '../../src/core/util/deferred.js';

/** Two ends of one channel. */
export interface ChannelPair {
	readonly caller: Channel;
	readonly listener: Channel;
}

export function openPortPair(): ChannelPair {
	const {port1, port2} = new MessageChannel();
	return {caller: openThreadChannel(port1), listener: openThreadChannel(port2)};
}

export async function openSocketPair(address: SocketAddress, clock?: Clock): Promise<ChannelPair> {
	const options = {token: 'secret', ...(clock !== undefined && {clock})};
	const accepted = createDeferred<Channel>();
	const server = await listenForChannels(address, {...options, onChannel: accepted.resolve});
	const caller = await connectChannel(server.address, options);
	const listener = await accepted.promise;
	await server.close();
	return {caller, listener};
}

/** A socket in a folder of its own, which is gone afterwards. */
export async function openUnixPair(clock?: Clock): Promise<ChannelPair> {
	const folder = await mkdtemp(join(tmpdir(), 'infinisst-test-'));
	try {
		return await openSocketPair({path: join(folder, 'socket')}, clock);
	} finally {
		await rm(folder, {recursive: true, force: true});
	}
}

export function openTcpPair(clock?: Clock): Promise<ChannelPair> {
	return openSocketPair({host: '127.0.0.1', port: 0}, clock);
}

/** The engine, as it is at the other end of a channel. */
export function openServedEngine({caller, listener}: ChannelPair, engine: Engine): Promise<RemoteEngine> {
	void serveEngine(listener, engine).then(() => engine.close());
	return openRemoteEngine(caller);
}
