import {once} from 'node:events';
import {createServer, type AddressInfo, type Socket} from 'node:net';
import {setImmediate as turn} from 'node:timers/promises';
import {pack} from 'msgpackr';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';

import type {Channel} from '../../../../../src/core/engine/transport/channel.js';
import {connectChannel} from '../../../../../src/core/engine/transport/connect-channel.js';
import {Handshake} from '../../../../../src/core/engine/transport/handshake.js';
import {
	listenForChannels,
	type ChannelListener,
} from '../../../../../src/core/engine/transport/listen-for-channels.js';
import {MAX_FRAME_BYTES} from '../../../../../src/core/engine/transport/socket-channel.js';
import {createDeferred} from '../../../../../src/core/util/deferred.js';
import {createRandom} from '../../../../../src/core/util/random.js';
import {catchError} from '../../../../helpers/catch-error.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {FakeClock} from '../../../../helpers/fake-context.js';
import {connectAccepted, connectRaw, frame} from '../../../../helpers/raw-peer.js';
import {openUnixPair} from '../../../../helpers/remote-pair.js';

const token = 'secret';

/** What a channel hears. */
function listenTo(channel: Channel) {
	const messages: unknown[] = [];
	const closed = createDeferred<unknown>();
	const isClosed = {value: false};
	channel.listen({
		onMessage: message => messages.push(message),
		onClose: cause => {
			isClosed.value = true;
			closed.resolve(cause);
		},
	});
	return {messages, closed: closed.promise, isClosed};
}

describe('a pair of socket channels', () => {
	it('carries plain data both ways in order, and what was posted before close()', async () => {
		const {caller, listener} = await openUnixPair();
		const messages = [
			{text: 'ä€😀', none: undefined, nothing: null, list: [1, -2.5, 2 ** 40, Number.NaN]},
			{samples: Float32Array.of(0.1, -1), bytes: Uint8Array.of(1, 2), long: 12_345_678_901_234_567_890n},
			...Array.from({length: 1000}, (_, index) => ({index})),
			{large: new Float32Array(60_000).fill(0.25)},
		];
		// Before anybody listens.
		for (const message of messages) caller.post(message);
		const atListener = listenTo(listener);
		const atCaller = listenTo(caller);
		listener.post('back');
		caller.post('last');
		caller.close();
		caller.post('too late');
		expect(await atListener.closed).toBeUndefined();
		expect(await atCaller.closed).toBeUndefined();
		expect(atListener.messages).toEqual([...messages, 'last']);
	});

	it('refuses to send a message that is too large, and stays open', async () => {
		const {caller, listener} = await openUnixPair();
		const error = catchError(() => caller.post(new Uint8Array(MAX_FRAME_BYTES)));
		expect(error).toMatchObject({code: 'INTERNAL_FAULT'});
		const {messages, closed} = listenTo(listener);
		caller.post('next');
		caller.close();
		await closed;
		expect(messages).toEqual(['next']);
	});

	it('stays open for as long as both ends give signs of life', async () => {
		const clock = new FakeClock();
		const {caller, listener} = await openUnixPair(clock);
		const ends = [listenTo(caller), listenTo(listener)];
		for (let beat = 0; beat < 20; beat++) {
			clock.advance(1000);
			for (let turns = 0; turns < 10; turns++) await turn();
		}
		expect(ends.map(({isClosed}) => isClosed.value)).toEqual([false, false]);
		caller.close();
		await ends[1]!.closed;
	});
});

describe('a listener', () => {
	let listener: ChannelListener;
	let clock: FakeClock;
	let refused: unknown[];
	let nextRefused: () => void;
	let channels: Channel[];
	let nextChannel: () => void;

	beforeEach(async () => {
		clock = new FakeClock();
		refused = [];
		channels = [];
		nextRefused = nextChannel = () => undefined;
		listener = await listenForChannels(
			{host: '127.0.0.1', port: 0},
			{
				token,
				clock,
				onChannel: channel => {
					channels.push(channel);
					nextChannel();
				},
				onRefused: error => {
					refused.push(error);
					nextRefused();
				},
			},
		);
	});
	afterEach(async () => {
		for (const channel of channels) channel.close();
		await listener.close();
	});
	const untilRefused = () => new Promise<void>(resolve => (nextRefused = resolve));
	const untilChannel = () => new Promise<void>(resolve => (nextChannel = resolve));

	it('and who calls both refuse another token', async () => {
		const refusing = untilRefused();
		const error = await catchRejection(connectChannel(listener.address, {token: 'guess'}));
		await refusing;
		expect([error.code, error.message, error.hint]).toEqual([
			'PEER_REFUSED',
			'The other end has another token',
			'Give both ends the same one.',
		]);
		expect(refused).toEqual([expect.objectContaining({code: 'PEER_REFUSED', message: error.message})]);
		expect(channels).toEqual([]);
	});

	it('refuses another version, with both numbers', async () => {
		const socket = await connectRaw(listener.address);
		const refusing = untilRefused();
		socket.write(frame(new Handshake('caller', token, 2).greet()));
		await refusing;
		expect(refused).toEqual([
			expect.objectContaining({
				code: 'PEER_REFUSED',
				message: 'The other end speaks version 2 of our protocol, and this program version 1',
				hint: 'Run the same version of infinisst at both ends.',
			}),
		]);
	});

	it('is not fooled by its own proof sent back', async () => {
		const socket = await connectRaw(listener.address);
		const refusing = untilRefused();
		// Whatever it says is said back to it.
		socket.pipe(socket);
		await refusing;
		expect(refused).toEqual([expect.objectContaining({code: 'PEER_REFUSED'})]);
	});

	it.each([
		['a request of another protocol', Buffer.from('GET / HTTP/1.1\r\nHost: worker\r\n\r\n')],
		['a greeting that is no JSON', frame(Buffer.from('{"protocol":'))],
		['a greeting of somebody else', frame(Buffer.from('{"protocol":"other","version":1,"nonce":""}'))],
		['a greeting that is null', frame(Buffer.from('null'))],
		['a greeting without end', Buffer.alloc(100_000, 0x20)],
	])('refuses %s', async (_title, bytes) => {
		const socket = await connectRaw(listener.address);
		const refusing = untilRefused();
		socket.write(bytes);
		await refusing;
		expect(refused).toEqual([
			expect.objectContaining({
				code: 'PEER_REFUSED',
				message: 'The other end does not speak our protocol',
			}),
		]);
		expect(channels).toEqual([]);
	});

	it('gives up a connection that says nothing', async () => {
		const accepted = untilRefused();
		await connectRaw(listener.address);
		// The connection may come to the listener a little later than to us.
		while (refused.length === 0) {
			clock.advance(5000);
			await turn();
		}
		await accepted;
		expect(refused).toEqual([expect.objectContaining({code: 'PEER_UNREACHABLE'})]);
	});

	it('ends a connection that sends rubbish, and no other', async () => {
		const random = createRandom(3);
		let arriving = untilChannel();
		const good = await connectChannel(listener.address, {token, clock});
		await arriving;
		const goodEnd = listenTo(channels[0]!);
		for (let round = 0; round < 60; round++) {
			arriving = untilChannel();
			const bad = await connectAccepted(listener.address, token);
			await arriving;
			const badEnd = listenTo(channels.at(-1)!);
			const body = Buffer.from(Array.from({length: 1 + Math.floor(random() * 60)}, () => random() * 256));
			// Rubbish in a frame, rubbish instead of a frame, and a message that was cut.
			const rubbish = [
				frame(body),
				Buffer.concat([Buffer.from([0xff]), body]),
				frame(pack({a: 'b'}).subarray(0, 3)),
			];
			bad.write(rubbish[round % 3]!);
			bad.end();
			const cause = await badEnd.closed;
			const isSaid = badEnd.messages.length > 0 || cause === undefined;
			if (!isSaid) expect(cause).toMatchObject({code: 'PEER_REFUSED'});
			if (round % 3 > 0) expect(isSaid).toBe(false);
		}
		good.post('still here');
		good.close();
		await goodEnd.closed;
		expect(goodEnd.messages).toEqual(['still here']);
	});

	it('gives up a peer that is silent for four seconds, and not before three', async () => {
		const arriving = untilChannel();
		await connectAccepted(listener.address, token);
		await arriving;
		const {closed, isClosed} = listenTo(channels[0]!);
		for (let second = 1; second <= 3; second++) clock.advance(1000);
		expect(isClosed.value).toBe(false);
		clock.advance(1000);
		expect(await closed).toMatchObject({
			code: 'PEER_UNREACHABLE',
			message: 'The other end of a connection does not answer any more',
		});
	});

	it('does not hold its own absence against its peers', async () => {
		const arriving = untilChannel();
		await connectAccepted(listener.address, token);
		await arriving;
		const {isClosed} = listenTo(channels[0]!);
		clock.advance(60_000);
		expect(isClosed.value).toBe(false);
	});

	it('takes no more connections once it is closed, and keeps those it has', async () => {
		const arriving = untilChannel();
		const caller = await connectChannel(listener.address, {token, clock});
		await arriving;
		await listener.close();
		const error = await catchRejection(connectChannel(listener.address, {token}));
		expect(error.code).toBe('PEER_UNREACHABLE');
		const {messages, closed} = listenTo(channels[0]!);
		caller.post('still here');
		caller.close();
		await closed;
		expect(messages).toEqual(['still here']);
	});
});

describe('connectChannel()', () => {
	it('rejects with the reason of the signal, before and while it waits for a greeting', async () => {
		const server = createServer();
		server.listen(0, '127.0.0.1');
		await once(server, 'listening');
		const address = {host: '127.0.0.1', port: (server.address() as AddressInfo).port};
		const reason = {kind: 'no error at all'};
		const controller = new AbortController();
		const connecting = connectChannel(address, {token, signal: controller.signal});
		const [socket] = (await once(server, 'connection')) as [Socket];
		controller.abort(reason);
		await expect(connecting).rejects.toBe(reason);
		await expect(connectChannel(address, {token, signal: controller.signal})).rejects.toBe(reason);
		socket.destroy();
		server.close();
	});

	it('says where nobody answers', async () => {
		const error = await catchRejection(connectChannel({path: '/nowhere/socket'}, {token}));
		expect(error.code).toBe('PEER_UNREACHABLE');
		expect(error.message).toContain('Nobody answers at unix:/nowhere/socket');
	});
});
