import {expect, it} from 'vitest';

import {MemoryStreamArchive} from '../../../../src/server/stream/memory-stream-archive.js';
import {SessionFeeds} from '../../../../src/server/stream/session-feeds.js';
import {StreamRegistry} from '../../../../src/server/stream/stream-registry.js';
import {serveStreamSocket} from '../../../../src/server/stream/stream-socket.js';
import {FakeSocket} from '../../../helpers/fake-socket.js';
import {openHostFixture, settle} from '../../../helpers/hosted.js';
import {expectedEvents, keepLasting, planActs} from '../../../helpers/stream-acts.js';

it('does not hear a client that does not read; when it does, no final is lost', async () => {
	const acts = planActs(3, 400);
	const {socket} = await openSocket();
	socket.isReading = false;
	// More than the system takes waits behind the first event from now on.
	socket.on('sent', () => void (socket.bufferedAmount = 100_000));
	const inputs: (string | Buffer)[] = acts.map(act => {
		if (act.type === 'flush') return '{"type":"flush"}';
		if (act.type === 'change')
			return JSON.stringify({type: 'session.update', latency_multiplier: act.multiplier});
		return Buffer.from(act.samples.slice().buffer);
	});
	inputs.push('{"type":"end"}');
	const total = inputs.length;
	for (let quiet = 0; quiet < 20; quiet++) {
		if (await sendNext(socket, inputs)) quiet = 0;
	}
	expect(socket.isPaused).toBe(true);
	expect(inputs.length).toBeGreaterThan(total / 4);
	socket.removeAllListeners('sent');
	socket.read();
	for (let turn = 0; inputs.length > 0 && turn < 100_000; turn++) await sendNext(socket, inputs);
	for (let turn = 0; socket.closedWith === undefined && turn < 1000; turn++) await settle();
	expect(socket.closedWith).toBe(1000);
	expect(socket.messages.map(({seq}) => seq)).toEqual(socket.messages.map((_, index) => index));
	expect(keepLasting(socket.messages)).toEqual(await expectedEvents(acts, ['same']));
});

it('keeps a session whose client is silent and answers pings', async () => {
	const {socket, clock, host} = await openSocket();
	socket.on('pinged', () => socket.emit('pong'));
	for (let minute = 0; minute < 20; minute++) {
		clock.advance(30_000);
		clock.advance(30_000);
	}
	expect(host.list()).toHaveLength(1);
	expect(socket.isTerminated).toBe(false);
});

it('gives up a session that was never used half a minute after its client is gone', async () => {
	const {socket, clock, host} = await openSocket();
	socket.terminate();
	expect(host.list()).toHaveLength(1);
	clock.advance(30_000);
	expect(host.list()).toHaveLength(0);
});

/** As a network would: only while the socket is read. */
async function sendNext(socket: FakeSocket, inputs: (string | Buffer)[]): Promise<boolean> {
	await settle();
	if (socket.isPaused) return false;
	const input = inputs.shift();
	if (input === undefined) return false;
	socket.emit('message', Buffer.from(input), typeof input !== 'string');
	return true;
}

async function openSocket() {
	const {host, clock, settings} = await openHostFixture();
	const feeds = new SessionFeeds(host, clock);
	const registry = new StreamRegistry({
		sessions: host,
		settings: () => settings,
		feeds,
		archive: new MemoryStreamArchive(),
		clock,
		onRefused: () => undefined,
		onFault: () => undefined,
	});
	const stream = registry.open({
		options: {sourceLanguage: 'en', targets: ['same'], latencyMultiplier: 1},
		model: undefined,
		format: 'f32le',
		sampleRateHz: 16_000,
		owner: undefined,
	});
	const socket = new FakeSocket();
	serveStreamSocket({
		socket: socket.asWebSocket,
		registry,
		feeds,
		begin: {stream, lastSeq: undefined},
		owner: undefined,
		clock,
		idleMs: 0,
		signal: new AbortController().signal,
		onRefused: () => undefined,
		onResumed: () => undefined,
		onIdle: () => undefined,
		onFault: () => undefined,
	});
	await settle();
	return {socket, host, clock, registry};
}
