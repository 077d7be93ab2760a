import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {describe, expect, it, onTestFinished} from 'vitest';
import {WebSocket} from 'ws';

import type {ServerMessage} from '../../../src/core/session/stream-protocol.js';
import {scriptedAudio} from '../../helpers/scripted-audio.js';
import {
	openRawSocket,
	openRecordedStream,
	startStreamServer,
	textOfStream,
} from '../../helpers/stream-server.js';

const LISTENERS = 1000;

describe('/v1/stream/{session}/listen', () => {
	it('tells a late listener the text so far, then what the speaker is told', async () => {
		const {url, port} = await startStreamServer();
		const speaker = openRecordedStream(url, {source: 'en', target: 'de,same', latency_multiplier: '1'});
		const audio = scriptedAudio(12);
		await speaker.client.write(audio.slice(0, 6 * 16_000));
		speaker.client.flush();
		await expect.poll(() => speaker.events.some(({type}) => type === 'flushed')).toBe(true);
		const before = textOfStream(speaker.events);
		const listener = openRawSocket(listenUrl(port, speaker.events));
		expect(await listener.until('session.snapshot')).toMatchObject({
			source_language: 'en',
			texts: [
				{target: 'de', final: textOfStream(speaker.events, 'de')},
				{target: 'same', final: before, partial: ''},
			],
		});
		await speaker.client.write(audio.slice(6 * 16_000));
		speaker.client.end();
		await speaker.client.done;
		expect((await listener.closed).code).toBe(1000);
		expect(before + textOfStream(listener.messages)).toBe(textOfStream(speaker.events));
		expect(listener.messages.slice(1).map(({seq}) => seq)).toEqual(
			listener.messages.slice(1).map((_, index) => listener.messages[0]!.seq + 1 + index),
		);
		expect(listener.messages.at(-1)!.type).toBe('done');
	});

	it('hears sessions of the other doors', async () => {
		const {port, host} = await startStreamServer();
		const id = 'InfiniSST_English -> German_1700000000000';
		const session = host.open({
			id,
			door: 'compatible',
			options: {sourceLanguage: 'en', targets: ['de'], latencyMultiplier: 1},
		});
		const listener = openRawSocket(`ws://127.0.0.1:${port}/v1/stream/${encodeURIComponent(id)}/listen`);
		await listener.until('session.snapshot');
		await session.write(scriptedAudio(4));
		session.reset();
		await session.write(scriptedAudio(4));
		session.end();
		expect((await listener.closed).code).toBe(1000);
		expect(listener.messages.map(({type}) => type)).toContain('session.reset');
		expect(textOfStream(listener.messages, 'de')).not.toBe('');
	});

	it('closes whoever sends with 1008', async () => {
		const {url, port} = await startStreamServer();
		const speaker = openRecordedStream(url, {source: 'en', target: 'same'});
		await expect.poll(() => speaker.events.length).toBeGreaterThan(0);
		const listener = openRawSocket(listenUrl(port, speaker.events));
		await listener.until('session.snapshot');
		listener.socket.send('{"type":"flush"}');
		expect((await listener.closed).code).toBe(1008);
		expect(listener.messages.at(-1)).toMatchObject({type: 'error', fatal: true});
		speaker.client.close();
	});

	it('refuses more than may listen', async () => {
		const {url, port} = await startStreamServer({limits: {listenersPerSession: 1}});
		const speaker = openRecordedStream(url, {source: 'en', target: 'same'});
		await expect.poll(() => speaker.events.length).toBeGreaterThan(0);
		await openRawSocket(listenUrl(port, speaker.events)).until('session.snapshot');
		const second = new WebSocket(listenUrl(port, speaker.events));
		second.on('error', () => undefined);
		const [, response] = (await once(second, 'unexpected-response')) as [unknown, {statusCode: number}];
		expect(response.statusCode).toBe(429);
		speaker.client.close();
	});

	it(`serves ${LISTENERS} at once, and none of them is disturbed by those who do not read`, async () => {
		const {url, port, metrics} = await startStreamServer({limits: {requestsPerSecond: 0}});
		const speaker = openRecordedStream(url, {
			source: 'en',
			target: 'de,same',
			latency_multiplier: '1',
			words: 'true',
		});
		await expect.poll(() => speaker.events.length).toBeGreaterThan(0);
		const address = listenUrl(port, speaker.events);
		const texts: string[] = [];
		const closes: Promise<unknown>[] = [];
		const isReady: Promise<unknown>[] = [];
		for (let index = 0; index < LISTENERS; index++) {
			const socket = new WebSocket(address);
			onTestFinished(() => socket.terminate());
			texts.push('');
			socket.on('message', data => {
				const message = JSON.parse((data as Buffer).toString()) as ServerMessage;
				if (message.type === 'final' && message.target === 'de')
					texts[index] = `${texts[index]!}${message.text}`;
			});
			isReady.push(once(socket, 'message'));
			closes.push(once(socket, 'close'));
		}
		await Promise.all(isReady);
		const deaf = await Promise.all([openDeafListener(port, address), openDeafListener(port, address)]);
		const gauge = `infinisst_stream_listeners ${LISTENERS + 2}\n`;
		await expect.poll(async () => (await metrics.metrics()).includes(gauge)).toBe(true);

		await speaker.client.write(scriptedAudio(30));
		speaker.client.end();
		await speaker.client.done;
		await Promise.all(closes);
		expect(new Set(texts)).toEqual(new Set([textOfStream(speaker.events, 'de')]));
		for (const socket of deaf) socket.destroy();
	});
});

function listenUrl(port: number, events: readonly ServerMessage[]): string {
	const [created] = events as unknown as readonly {session: string}[];
	return `ws://127.0.0.1:${port}/v1/stream/${created!.session}/listen`;
}

/** Asks to listen, and never reads. */
async function openDeafListener(port: number, address: string): Promise<Socket> {
	const socket = connect(port, '127.0.0.1');
	await once(socket, 'connect');
	socket.pause();
	// Its server ends before it.
	socket.on('error', () => undefined);
	socket.write(
		`GET ${new URL(address).pathname} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
			`Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`,
	);
	return socket;
}
