import {once} from 'node:events';
import {expect, it, vi} from 'vitest';
import type {WebSocket} from 'ws';

import {init, socketAddress} from '../../helpers/compatible-client.js';
import {FakeClock} from '../../helpers/fake-clock.js';
import {openTestServer, type TestServer} from '../../helpers/open-test-server.js';
import {scriptedAudio} from '../../helpers/scripted-audio.js';
import {openTestSocket} from '../../helpers/test-socket.js';

interface Door {
	readonly name: string;
	/** A client of a new session. */
	readonly open: (server: TestServer) => Promise<WebSocket>;
}

const doors: readonly Door[] = [
	{name: '/wss', open: async ({url}) => openTestSocket(socketAddress(url, await init(url)))},
	{
		name: '/v1/stream',
		open: ({socketUrl}) => openTestSocket(`${socketUrl}/v1/stream?source=en&target=de`),
	},
];

/** A server with one place, which is taken for ever. */
async function openFullServer() {
	const clock = new FakeClock();
	const server = await openTestServer({clock, settings: {limits: {maxSessions: 1, idleSocketMs: 60_000}}});
	server.parts.sessions.find(await init(server.url))!.keep();
	return {server, clock, waiting: () => server.parts.sessions.list()[1]};
}

/** Lets ten minutes pass for a client that answers pings and says nothing. */
async function waitTenMinutes(clock: FakeClock, socket: WebSocket): Promise<void> {
	for (let minute = 0; minute < 10; minute++) {
		clock.advance(60_000);
		// What was sent before has been answered then.
		socket.ping();
		await once(socket, 'pong');
	}
}

it.each(doors)('$name keeps a client that waits for its place without a word', async ({open}) => {
	const {server, clock, waiting} = await openFullServer();
	const socket = await open(server);
	await vi.waitFor(() => expect(waiting()?.progress.status).toBe('queued'));
	await waitTenMinutes(clock, socket);
	expect(waiting()).toBeDefined();
	expect(socket.readyState).toBe(socket.OPEN);
});

it.each(doors)(
	'$name gives up a session that waits when its client is gone, whatever it had sent',
	async ({open}) => {
		const {server, clock, waiting} = await openFullServer();
		const socket = await open(server);
		await vi.waitFor(() => expect(waiting()?.progress.status).toBe('queued'));
		// More than may wait: the last pieces are still to be written when the client goes.
		for (let piece = 0; piece < 5; piece++) socket.send(scriptedAudio(10));
		await vi.waitFor(() => expect(waiting()!.audioMs).toBeGreaterThan(30_000));
		clock.advance(290_000);
		socket.terminate();
		await vi.waitFor(async () => {
			// Nothing is read from a client that has to wait: that it is gone is noticed by a ping.
			clock.advance(30_000);
			expect(await server.figure('infinisst_sockets_open')).toBe(0);
		});
		expect(waiting()).toBeDefined();
		clock.advance(300_000);
		expect(waiting()).toBeUndefined();
	},
);

it.each(doors)('$name closes a client that says nothing once it may', async ({open}) => {
	const clock = new FakeClock();
	const server = await openTestServer({clock, settings: {limits: {idleSocketMs: 60_000}}});
	const socket = await open(server);
	await vi.waitFor(() => expect(server.parts.sessions.list()[0]?.progress.status).toBe('active'));
	const closed = once(socket, 'close');
	clock.advance(60_000);
	await closed;
});
