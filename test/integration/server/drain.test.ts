import {once} from 'node:events';
import type {WebSocket} from 'ws';
import {describe, expect, it, vi} from 'vitest';
import {createDeferred} from '../../../src/core/util/deferred.js';
import {FakeClock} from '../../helpers/fake-clock.js';
import {openTestServer, type TestServer} from '../../helpers/open-test-server.js';
import {openTestSocket, refuseHandshake, whenClosed} from '../../helpers/test-socket.js';

interface StreamEvent {
	readonly type: string;
	readonly text?: string;
	readonly audio_ms?: number;
}

async function openStream(server: TestServer): Promise<{socket: WebSocket; events: StreamEvent[]}> {
	const events: StreamEvent[] = [];
	const socket = await openTestSocket(`${server.socketUrl}/v1/stream?source=en&target=de`, ['infinisst.v1']);
	socket.on('message', (data: Buffer) => events.push(JSON.parse(data.toString()) as StreamEvent));
	return {socket, events};
}

/** Noise: the scripted engine hears a word in each half second. */
function speak(seconds: number): Buffer {
	const samples = Float32Array.from({length: seconds * 16_000}, (_, index) => Math.sin(index * index) / 2);
	return Buffer.from(samples.buffer);
}

describe('close()', () => {
	it('translates and delivers all that was buffered, ends the streams with done, and closes sockets with 1001', async () => {
		const server = await openTestServer();
		const streams = await Promise.all(Array.from({length: 8}, () => openStream(server)));
		for (const {socket} of streams) socket.send(speak(7));
		// All of it is at the server, and not all of it is text.
		await vi.waitFor(() =>
			expect(server.parts.sessions.list().map(({audioMs}) => audioMs)).toEqual(Array(8).fill(7000)),
		);
		const closed = Promise.all(streams.map(({socket}) => whenClosed(socket)));
		await server.close();
		for (const {code} of await closed) expect(code).toBe(1001);
		for (const {events} of streams) {
			expect(events.at(-1)?.type).toBe('done');
			expect(events.find(({type}) => type === 'usage')?.audio_ms).toBe(7000);
			const words = events
				.filter(({type}) => type === 'final')
				.map(({text}) => text)
				.join('')
				.trim()
				.split(' ');
			expect(words).toHaveLength(14);
		}
		await expect(fetch(`${server.url}/livez`)).rejects.toThrow();
	});

	it('meanwhile answers, is not ready, and takes no new sessions', async () => {
		const clock = new FakeClock();
		const server = await openTestServer({clock, models: {engine: {stepCostMs: 1000}}});
		const {socket, events} = await openStream(server);
		socket.send(speak(2));
		await vi.waitFor(() => expect(server.parts.sessions.list()[0]?.audioMs).toBe(2000));

		const closing = server.close();
		expect((await fetch(`${server.url}/livez`)).status).toBe(200);
		const ready = await fetch(`${server.url}/readyz`);
		expect(ready.status).toBe(503);
		expect(await ready.json()).toMatchObject({status: 'draining'});
		const opened = await fetch(
			`${server.url}/init?agent_type=InfiniSST&language_pair=English%20-%3E%20German`,
			{
				method: 'POST',
			},
		);
		expect(await opened.json()).toMatchObject({success: false});
		expect((await refuseHandshake(`${server.socketUrl}/v1/stream?source=en&target=de`))?.status).toBe(503);

		const closed = whenClosed(socket);
		let isClosed = false;
		void closing.then(() => (isClosed = true));
		await vi.waitFor(() => {
			clock.advance(1000);
			expect(isClosed).toBe(true);
		});
		expect((await closed).code).toBe(1001);
		expect(events.at(-1)?.type).toBe('done');
	});

	it('gives up after the drain time, and ends all the same', async () => {
		const clock = new FakeClock();
		const server = await openTestServer({
			clock,
			settings: {drainTimeoutMs: 30_000},
			models: {engine: {stepCostMs: 1_000_000}},
		});
		const {socket} = await openStream(server);
		socket.send(speak(4));
		await vi.waitFor(() => expect(server.parts.sessions.list()[0]?.audioMs).toBe(4000));
		const closed = whenClosed(socket);
		const closing = server.close();
		clock.advance(30_000);
		await closing;
		await closed;
		expect(server.parts.sessions.list()).toEqual([]);
	});

	it('waits for requests that are being answered', async () => {
		const asked = createDeferred();
		const answer = createDeferred();
		const order: string[] = [];
		const server = await openTestServer({
			routes: [
				app => {
					app.addHook('onClose', () => void order.push('closed'));
					app.get('/slow', async () => {
						asked.resolve();
						await answer.promise;
						order.push('answered');
						return {fine: true};
					});
				},
			],
		});
		const answered = fetch(`${server.url}/slow`).then(response => response.json());
		await asked.promise;
		const closing = server.close();
		// It no longer listens, so it has come to waiting for requests.
		await vi.waitFor(() => expect(server.app.server.listening).toBe(false));
		answer.resolve();
		expect(await answered).toEqual({fine: true});
		await closing;
		expect(order).toEqual(['answered', 'closed']);
	});

	it('does the same for all who call it, also after destroy()', async () => {
		const server = await openTestServer();
		await Promise.all([server.close(), server.close(), server.destroy(), server.destroy()]);
		await server.close();
	});

	it('ends at once what does not read', async () => {
		const clock = new FakeClock();
		const server = await openTestServer({clock});
		const {socket} = await openStream(server);
		socket.pause();
		const closing = server.close();
		let isClosed = false;
		void closing.then(() => (isClosed = true));
		await vi.waitFor(() => {
			clock.advance(10_000);
			expect(isClosed).toBe(true);
		});
	});
});

describe('destroy()', () => {
	it('ends sessions, sockets and connections now', async () => {
		const server = await openTestServer();
		const {socket} = await openStream(server);
		const closed = once(socket, 'close');
		await server.destroy();
		await closed;
		expect(server.parts.sessions.list()).toEqual([]);
	});
});

it('says where it cannot listen, and what to do', async () => {
	const first = await openTestServer();
	const second = openTestServer({settings: {port: first.port}});
	await expect(second).rejects.toMatchObject({
		code: 'OPTION_INVALID',
		message: expect.stringContaining(`127.0.0.1:${first.port}`) as string,
		hint: expect.stringContaining('--port') as string,
	});
});
