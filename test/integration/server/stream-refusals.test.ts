import {request} from 'node:http';
import {describe, expect, it} from 'vitest';

import {FakeClock} from '../../helpers/fake-clock.js';
import {scriptedAudio} from '../../helpers/scripted-audio.js';
import {
	openRawSocket,
	openRecordedStream,
	startStreamServer,
	textOfStream,
	type RawSocket,
	type StreamServer,
} from '../../helpers/stream-server.js';

const QUERY = '?source=en&target=same&latency_multiplier=1';

describe('before the upgrade', () => {
	it.each([
		['no target', '?source=en', 400, 'option_invalid', /There is no target/],
		['a language nobody knows', '?target=klingon', 400, 'option_invalid', /klingon/],
		['a pair that no model has', '?source=en&target=it', 400, 'language_pair_unsupported', /\bit\b|Italian/],
		[
			'a wrong format',
			'?target=de&format=mp3',
			400,
			'option_invalid',
			/^query\.format: must be one of f32le, s16le\.$/,
		],
		[
			'a sample rate of nobody',
			'?target=de&sample_rate=44099',
			400,
			'option_invalid',
			/sample_rate: must be one of 8000, /,
		],
		[
			'a latency that there is not',
			'?target=de&latency_multiplier=9',
			400,
			'option_invalid',
			/latency_multiplier: must be one of 1, 2, 3, 4\.$/,
		],
		['an unknown model', '?target=de&model=gpt-9', 404, 'model_unknown', /gpt-9/],
		['a token of nobody', '?resume=abc', 404, 'session_unknown', /resume token/],
	])('answers %s with a status and the body of OpenAI', async (_, query, status, code, message) => {
		const server = await startStreamServer();
		const answer = await upgrade(server, `/v1/stream${query}`);
		expect(answer.status).toBe(status);
		expect(answer.body).toMatchObject({
			error: {code, message: expect.stringMatching(message) as string, type: 'invalid_request_error'},
		});
		expect(server.host.list()).toEqual([]);
	});

	it('answers a session that is not there with 404', async () => {
		const server = await startStreamServer();
		const answer = await upgrade(server, '/v1/stream/nobody%20-%3E%20x/listen');
		expect(answer).toMatchObject({status: 404, body: {error: {code: 'session_unknown'}}});
	});

	it('answers a plain request with 426, and opens no session for it', async () => {
		const {port, host} = await startStreamServer();
		const answer = await fetch(`http://127.0.0.1:${port}/v1/stream${QUERY}`);
		expect(answer.status).toBe(426);
		expect(host.list()).toEqual([]);
	});

	it('answers a full line with 503', async () => {
		const server = await startStreamServer({limits: {maxSessions: 1, maxQueued: 0}});
		await openRawSocket(server.url + QUERY).until('session.created');
		const answer = await upgrade(server, `/v1/stream${QUERY}`);
		expect(answer).toMatchObject({status: 503, body: {error: {code: 'engine_busy', type: 'server_error'}}});
	});
});

describe('messages that cannot be taken', () => {
	it.each([
		['wrong JSON', '{"type":', 'OPTION_INVALID', /no JSON/],
		['no object', '7', 'OPTION_INVALID', /no type/],
		['null', 'null', 'OPTION_INVALID', /no type/],
		['an unknown type', '{"type":"toString"}', 'OPTION_INVALID', /no type that is known.*session\.update/],
		[
			'a wrong value',
			'{"type":"session.update","latency_multiplier":7}',
			'OPTION_INVALID',
			/latency_multiplier .* is wrong: must be one of 1, 2, 3, 4\.$/,
		],
		['a novel', `{"type":"flush","x":"${'x'.repeat(5000)}"}`, 'OPTION_INVALID', /5023 characters/],
		[
			'a second session',
			'{"type":"resume","token":"x","last_seq":0}',
			'OPTION_INVALID',
			/has a session already/,
		],
		['half a sample', Buffer.alloc(7), 'AUDIO_UNDECODABLE', /7 bytes/],
		['NaN', bytesOf(NaN), 'AUDIO_UNDECODABLE', /not a finite number/],
		['absurd loudness', bytesOf(20_000), 'AUDIO_UNDECODABLE', /float samples go from -1 to 1/],
	])('%s: one error, and the session goes on', async (_, message, code, sentence) => {
		const {url, metrics} = await startStreamServer();
		const raw = openRawSocket(url + QUERY);
		await raw.until('session.created');
		raw.socket.send(message);
		const audio = scriptedAudio(4);
		raw.socket.send(audio);
		raw.socket.send('{"type":"end"}');
		expect(await raw.closed).toEqual({code: 1000, reason: ''});
		expect(raw.messages.filter(({type}) => type === 'error')).toEqual([
			expect.objectContaining({code, fatal: false, message: expect.stringMatching(sentence) as string}),
		]);
		expect(raw.messages.map(({seq}) => seq)).toEqual(raw.messages.map((_each, index) => index));
		expect(raw.messages.at(-1)!.type).toBe('done');
		expect(raw.messages.at(-2)).toMatchObject({type: 'usage', audio_ms: 4000});
		expect(await metrics.metrics()).toContain(`infinisst_stream_refused_messages_total{code="${code}"} 1`);
	});

	it('a message over the limit closes the socket with 1009, and the session is told when it is resumed', async () => {
		const {url} = await startStreamServer({limits: {frameBytes: 10_000}});
		const raw = openRawSocket(url + QUERY);
		const {resume_token: token} = (await raw.until('session.created')) as unknown as {resume_token: string};
		raw.socket.send(scriptedAudio(1).slice(0, 2000));
		raw.socket.send(Buffer.alloc(10_004));
		expect((await raw.closed).code).toBe(1009);
		const again = await resume(url, token, raw.messages.at(-1)!.seq);
		expect((await again.until('session.resumed')).received_samples).toBe(2000);
		expect(await again.until('error')).toMatchObject({code: 'LIMIT_EXCEEDED', fatal: false});
	});

	it('audio after the end is refused, and what came before is finished', async () => {
		const {url} = await startStreamServer();
		const raw = openRawSocket(url + QUERY);
		await raw.until('session.created');
		raw.socket.send(scriptedAudio(3));
		raw.socket.send('{"type":"end"}');
		raw.socket.send(scriptedAudio(1));
		expect((await raw.closed).code).toBe(1000);
		expect(raw.messages.at(-1)!.type).toBe('done');
		expect(raw.messages.at(-2)).toMatchObject({type: 'usage', audio_ms: 3000});
	});

	it('a token of nobody in a message closes with 4004', async () => {
		const {url} = await startStreamServer();
		const raw = await resume(url, 'nothing', -1);
		expect(await raw.until('error')).toMatchObject({code: 'SESSION_UNKNOWN', fatal: true});
		expect((await raw.closed).code).toBe(4004);
	});

	it('anything but "resume" first on a socket without a target closes with 1008', async () => {
		const {url} = await startStreamServer();
		const raw = openRawSocket(url);
		raw.socket.on('open', () => raw.socket.send(Buffer.alloc(4)));
		expect(await raw.until('error')).toMatchObject({code: 'OPTION_INVALID', fatal: true});
		expect((await raw.closed).code).toBe(1008);
	});

	it('the number of an event that was never sent is refused', async () => {
		const {url} = await startStreamServer();
		const raw = openRawSocket(url + QUERY);
		const {resume_token: token} = (await raw.until('session.created')) as unknown as {resume_token: string};
		const again = await resume(url, token, 5);
		expect(await again.until('error')).toMatchObject({code: 'OPTION_INVALID', fatal: true});
	});

	it('more audio than a session may have ends it in order', async () => {
		const {url} = await startStreamServer({limits: {audioSeconds: 5}});
		const {client, events} = openRecordedStream(url, {source: 'en', target: 'same'});
		for (let second = 0; second < 7; second++) await client.write(scriptedAudio(1)).catch(() => undefined);
		await client.done;
		expect(events.find(({type}) => type === 'error')).toMatchObject({code: 'LIMIT_EXCEEDED', fatal: false});
		expect(events.at(-2)).toMatchObject({type: 'usage', audio_ms: 5000});
		expect(textOfStream(events)).not.toBe('');
	});
});

describe('sockets', () => {
	it('another that resumes takes the place of the first, which is closed with 4001', async () => {
		const {url} = await startStreamServer();
		const first = openRawSocket(url + QUERY);
		const {resume_token: token} = (await first.until('session.created')) as unknown as {resume_token: string};
		const second = await resume(url, token, 0);
		await second.until('session.resumed');
		expect(await first.closed).toEqual({code: 4001, reason: 'Replaced'});
		second.socket.send(scriptedAudio(2));
		second.socket.send('{"type":"end"}');
		expect((await second.closed).code).toBe(1000);
		expect(second.messages.at(-1)!.type).toBe('done');
	});

	it('one that lacks events which are no longer kept gets the text so far instead', async () => {
		const {url} = await startStreamServer();
		const first = openRawSocket(url + QUERY);
		const {resume_token: token} = (await first.until('session.created')) as unknown as {resume_token: string};
		first.socket.send(scriptedAudio(4));
		first.socket.send('{"type":"flush"}');
		await first.until('flushed');
		const last = first.messages.at(-1)!.seq;
		first.socket.send(JSON.stringify({type: 'ack', seq: last}));
		first.socket.send('{"type":"session.update","latency_multiplier":2}');
		await first.until('session.updated');
		const second = await resume(url, token, 1);
		expect(await second.until('session.snapshot')).toMatchObject({
			seq: last + 1,
			texts: [{target: 'same', final: textOfStream(first.messages), partial: ''}],
		});
		second.socket.send(scriptedAudio(2));
		second.socket.send('{"type":"end"}');
		expect((await second.closed).code).toBe(1000);
		expect(second.messages[2]!.seq).toBe(last + 2);
	});

	it('one that sends nothing is closed with 4008', async () => {
		const clock = new FakeClock();
		const {url} = await startStreamServer({clock, limits: {idleSocketMs: 20_000}});
		const raw = openRawSocket(url + QUERY);
		await raw.until('session.created');
		clock.advance(20_000);
		expect((await raw.closed).code).toBe(4008);
		expect(raw.messages.at(-1)).toMatchObject({type: 'error', code: 'LIMIT_EXCEEDED'});
	});

	it('a client that says goodbye takes its session with it; one that is cut does not', async () => {
		const {url, host} = await startStreamServer();
		const left = openRawSocket(url + QUERY);
		const cut = openRawSocket(url + QUERY);
		const {session} = (await cut.until('session.created')) as unknown as {session: string};
		await left.until('session.created');
		cut.socket.terminate();
		await cut.closed;
		left.socket.close(1000);
		await left.closed;
		await expect.poll(() => host.list().map(({id}) => id)).toEqual([session]);
	});

	it('one that is asked by the server to go away gets its text, then 1001', async () => {
		const {url, server} = await startStreamServer();
		const raw = openRawSocket(url + QUERY);
		await raw.until('session.created');
		raw.socket.send(scriptedAudio(4));
		await raw.until('lag');
		const closing = server.close();
		expect((await raw.closed).code).toBe(1001);
		await closing;
		expect(raw.messages.at(-1)!.type).toBe('done');
		expect(raw.messages.at(-2)).toMatchObject({type: 'usage', audio_ms: 4000});
	});
});

async function resume(url: string, token: string, lastSeq: number): Promise<RawSocket> {
	const raw = openRawSocket(url);
	await new Promise(resolve => raw.socket.once('open', resolve));
	raw.socket.send(JSON.stringify({type: 'resume', token, last_seq: lastSeq}));
	return raw;
}

/** What a server says to an upgrade that it refuses. */
async function upgrade({port}: StreamServer, path: string): Promise<{status: number; body: unknown}> {
	const answer = await new Promise<{status: number; text: string}>((resolve, reject) => {
		const sent = request({
			host: '127.0.0.1',
			port,
			path,
			headers: {
				connection: 'upgrade',
				upgrade: 'websocket',
				'sec-websocket-version': '13',
				'sec-websocket-key': Buffer.alloc(16).toString('base64'),
			},
		});
		sent.on('response', response => {
			let text = '';
			response.on('data', (data: Buffer) => (text += data.toString()));
			response.on('end', () => resolve({status: response.statusCode!, text}));
		});
		sent.on('upgrade', (_response, socket) => {
			socket.destroy();
			reject(new Error('it was let in'));
		});
		sent.on('error', reject);
		sent.end();
	});
	return {status: answer.status, body: JSON.parse(answer.text)};
}

function bytesOf(...samples: number[]): Buffer {
	return Buffer.from(Float32Array.from(samples).buffer);
}
