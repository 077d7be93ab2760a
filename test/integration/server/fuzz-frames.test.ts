import {once} from 'node:events';
import {expect, it, vi} from 'vitest';
import {WebSocket} from 'ws';

import {createRandom} from '../../../src/core/util/random.js';
import {init} from '../../helpers/compatible-client.js';
import {openTestServer, type TestServer} from '../../helpers/open-test-server.js';
import {openRawConnection} from '../../helpers/raw-connection.js';

const SOCKETS = 60;
const FRAMES = 40;
const RAW_CONNECTIONS = 60;

type Random = () => number;

const doors: readonly {readonly name: string; readonly path: (server: TestServer) => Promise<string>}[] = [
	{name: '/wss', path: async ({url}) => `/wss/${encodeURIComponent(await init(url))}`},
	{name: '/v1/stream', path: () => Promise.resolve('/v1/stream?source=en&target=de')},
	{
		name: '/v1/stream in 16 bits',
		path: () => Promise.resolve('/v1/stream?target=de&format=s16le&sample_rate=8000'),
	},
	{name: '/v1/stream to be resumed', path: () => Promise.resolve('/v1/stream')},
	{name: '/v1/realtime', path: () => Promise.resolve('/v1/realtime?intent=transcription')},
	{name: '/v1/realtime/translations', path: () => Promise.resolve('/v1/realtime/translations')},
	{
		name: '/v1/stream/{session}/listen',
		path: async ({url}) => `/v1/stream/${encodeURIComponent(await init(url))}/listen`,
	},
];

it.each(doors)('$name outlives random frames', {timeout: 60_000}, async ({path}) => {
	const server = await openFuzzedServer();
	for (let seed = 0; seed < SOCKETS; seed++) {
		const random = createRandom(seed);
		const socket = new WebSocket(server.socketUrl + (await path(server)));
		socket.on('error', () => undefined);
		const opened = await Promise.race([
			once(socket, 'open').then(() => true),
			once(socket, 'close').then(() => false),
		]);
		expect(opened, `seed ${seed}`).toBe(true);
		const closed = once(socket, 'close');
		for (let frame = 0; frame < FRAMES && socket.readyState === socket.OPEN; frame++) {
			sendSomething(socket, random);
			if (random() < 0.2) await new Promise(setImmediate);
		}
		if (random() < 0.5) socket.terminate();
		else socket.close(choose(random, [1000, 1001, 3000, 4999]));
		setTimeout(() => socket.terminate(), 1000).unref();
		await closed;
		for (const {id} of server.parts.sessions.list()) server.parts.sessions.find(id)?.destroy();
	}
	await expectWell(server);
});

it.each(doors)('$name outlives bytes that are no frames', {timeout: 60_000}, async ({path}) => {
	const server = await openFuzzedServer();
	for (let seed = 0; seed < RAW_CONNECTIONS; seed++) {
		const random = createRandom(1000 + seed);
		const raw = await openRawConnection(server.port);
		raw.write(
			`GET ${await path(server)} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
				'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
		);
		await once(raw.socket, 'data');
		for (let piece = 0; piece < 10 && raw.socket.writable; piece++) {
			const bytes = randomBytes(random, 1 + Math.floor(random() * 300));
			// Often the beginning of a frame that could be one.
			if (random() < 0.7) bytes[0] = choose(random, [0x80, 0x81, 0x82, 0x88, 0x89, 0x8a, 0x01, 0x02, 0x00]);
			if (random() < 0.7 && bytes.length > 1) bytes[1] = 0x80 | Math.floor(random() * 128);
			raw.socket.write(bytes);
		}
		raw.socket.destroy();
		await raw.answer;
		for (const {id} of server.parts.sessions.list()) server.parts.sessions.find(id)?.destroy();
	}
	await expectWell(server);
});

async function openFuzzedServer(): Promise<TestServer> {
	return openTestServer({settings: {limits: {requestsPerSecond: 0, maxSessions: 1000, frameBytes: 100_000}}});
}

/** Nothing has failed, nothing is left, and whoever comes now is served. */
async function expectWell(server: TestServer): Promise<void> {
	await vi.waitFor(async () => expect(await server.figure('infinisst_sockets_open')).toBe(0));
	expect(server.logged.filter(({level}) => level === 50 || level === 'error')).toEqual([]);
	expect((await fetch(`${server.url}/livez`)).status).toBe(200);
	await init(server.url);
}

function sendSomething(socket: WebSocket, random: Random): void {
	const length = Math.floor(random() ** 4 * 30_000);
	choose<() => void>(random, [
		() => socket.send(randomBytes(random, length)),
		() => socket.send(randomSamples(random, length)),
		() => socket.send(randomSamples(random, length), {fin: random() < 0.5}),
		() =>
			socket.send(Float32Array.from({length: 10}, () => choose(random, [NaN, Infinity, -1e38, 0, 5e-324]))),
		() => socket.send(randomText(random)),
		() => socket.send(randomText(random)),
		() => socket.send(JSON.stringify(randomMessage(random))),
		() => socket.send(JSON.stringify(randomMessage(random))),
		() => socket.send(JSON.stringify(randomMessage(random))),
		() => socket.send(JSON.stringify(randomMessage(random)).slice(0, Math.floor(random() * 60))),
		() => socket.send(randomBytes(random, length % 1000), {binary: false}),
		() => socket.ping(randomBytes(random, 20)),
		() => socket.pong(randomBytes(random, 20)),
	])();
}

/** Of what is known at some door, with anything in it. */
function randomMessage(random: Random): unknown {
	const types = [
		...['session.update', 'flush', 'end', 'ack', 'resume', 'transcription_session.update'],
		...['input_audio_buffer.append', 'input_audio_buffer.commit', 'input_audio_buffer.clear'],
		...['session.input_audio_buffer.append', 'session.close', '__proto__', ''],
	];
	const fields = [
		...['latency_multiplier', 'seq', 'token', 'last_seq', 'audio', 'session', 'event_id', 'input', 'format'],
		...['language', 'transcription', 'turn_detection', 'model', 'output', 'constructor'],
	];
	const message: Record<string, unknown> = {type: choose(random, types)};
	for (let count = Math.floor(random() * 4); count > 0; count--) {
		message[choose(random, fields)] = randomValue(random, 3);
	}
	return random() < 0.1 ? randomValue(random, 3) : message;
}

function randomValue(random: Random, depth: number): unknown {
	const inner = (): unknown => (depth === 0 ? null : randomValue(random, depth - 1));
	return choose<() => unknown>(random, [
		() => null,
		() => random() < 0.5,
		() => Math.floor(random() * 10) - 2,
		() => choose(random, [1e308, -1, 2 ** 53, 0.5]),
		() => randomText(random),
		() => randomBytes(random, Math.floor(random() * 4000)).toString('base64'),
		() => [inner(), inner()],
		() => ({[choose(random, ['audio', 'input', 'output', 'format', 'type', 'rate', 'language'])]: inner()}),
	])();
}

function randomText(random: Random): string {
	const words = [
		'EOF',
		'LATENCY:',
		'LATENCY:3',
		'LATENCY:-1',
		'\0',
		'\u2028',
		'{',
		'}',
		'"',
		'ä',
		'\ud83d',
		'x'.repeat(6000),
	];
	return Array.from({length: Math.floor(random() * 3) + 1}, () => choose(random, words)).join('');
}

function randomBytes(random: Random, length: number): Buffer {
	return Buffer.from(Uint8Array.from({length}, () => Math.floor(random() * 256)));
}

function randomSamples(random: Random, length: number): Float32Array {
	return Float32Array.from({length: length >> 2}, () => random() * 2 - 1);
}

function choose<Value>(random: Random, values: readonly Value[]): Value {
	return values[Math.floor(random() * values.length)]!;
}
