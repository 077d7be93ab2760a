import {createHash} from 'node:crypto';
import {WebSocket} from 'ws';
import {describe, expect, it} from 'vitest';
import {
	openOpenAiServer,
	openRealtimeClient,
	type RealtimeClient,
} from '../../../../helpers/open-ai-server.js';
import {toRealtimeAudio, toRealtimePieces} from '../../../../helpers/realtime-audio.js';
import {scriptedAudio} from '../../../../helpers/scripted-audio.js';

const DELTA = 'conversation.item.input_audio_transcription.delta';
const COMPLETED = 'conversation.item.input_audio_transcription.completed';

/** Commits are the client's alone. */
async function openByClient(server: Parameters<typeof openRealtimeClient>[0]): Promise<RealtimeClient> {
	const client = await openRealtimeClient(server);
	client.send({
		type: 'session.update',
		session: {type: 'transcription', audio: {input: {turn_detection: null, transcription: {language: 'en'}}}},
	});
	await client.until('session.updated');
	return client;
}

const append = (audio: string) => ({type: 'input_audio_buffer.append', audio});
const commit = {type: 'input_audio_buffer.commit'};

/** What a client has when it puts the deltas of an item together. */
function joinDeltas({events}: RealtimeClient, itemId: unknown): string {
	return events
		.filter(event => event.type === DELTA && event['item_id'] === itemId)
		.map(event => String(event['delta']))
		.join('');
}

describe('WS /v1/realtime', () => {
	it('says how it is set, and takes what it is told', async () => {
		const client = await openRealtimeClient(await openOpenAiServer());
		const created = await client.until('session.created');
		expect(created).toEqual({
			type: 'session.created',
			event_id: expect.stringMatching(/^event_[\da-f]{32}$/) as string,
			session: {
				id: expect.stringMatching(/^sess_[\da-f]{32}$/) as string,
				object: 'realtime.transcription_session',
				type: 'transcription',
				include: null,
				audio: {
					input: {
						format: {type: 'audio/pcm', rate: 24_000},
						transcription: {model: 'gpt-4o-transcribe', prompt: ''},
						noise_reduction: null,
						turn_detection: {
							type: 'server_vad',
							threshold: 0.5,
							prefix_padding_ms: 500,
							silence_duration_ms: 600,
						},
					},
				},
			},
		});
		client.send({
			type: 'session.update',
			session: {
				type: 'transcription',
				audio: {
					input: {
						format: {type: 'audio/pcmu'},
						transcription: {model: 'whisper-1', language: 'German', prompt: 'Anna', delay: 'xhigh'},
						turn_detection: null,
						noise_reduction: {type: 'near_field'},
					},
				},
			},
		});
		expect((await client.until('session.updated'))['session']).toMatchObject({
			audio: {
				input: {
					format: {type: 'audio/pcmu'},
					transcription: {model: 'whisper-1', language: 'de', prompt: 'Anna'},
					noise_reduction: null,
					turn_detection: null,
				},
			},
		});
	});

	it('tells text while a turn is spoken and the whole of it after the commit, for each turn anew', async () => {
		const server = await openOpenAiServer();
		const client = await openByClient(server);
		for (const piece of toRealtimePieces(scriptedAudio(9), 200)) client.send(append(piece));
		await client.until(DELTA);
		expect(client.events.some(({type}) => type === 'input_audio_buffer.committed')).toBe(false);
		client.send(commit);
		const committed = await client.until('input_audio_buffer.committed');
		const completed = await client.until(COMPLETED);
		expect(completed).toMatchObject({
			item_id: committed['item_id'],
			content_index: 0,
			usage: {type: 'duration', seconds: 9},
		});
		expect(completed['transcript']).toBe(joinDeltas(client, committed['item_id']));
		expect(String(completed['transcript']).split(' ').length).toBeGreaterThan(10);
		expect(committed['previous_item_id']).toBeNull();
		expect(await client.until('conversation.item.added')).toMatchObject({
			item: {id: committed['item_id'], type: 'message', role: 'user', content: [{type: 'input_audio'}]},
		});

		client.send(append(toRealtimeAudio(scriptedAudio(3, 2))));
		client.send(commit);
		const second = await client.until(COMPLETED, 2);
		expect((await client.until('input_audio_buffer.committed', 2))['previous_item_id']).toBe(
			committed['item_id'],
		);
		expect(second['transcript']).toBe(joinDeltas(client, second['item_id']));
		expect(second['transcript']).not.toBe(completed['transcript']);
		const [session] = server.fixture.host.list();
		expect(session).toMatchObject({door: 'openai', options: {sourceLanguage: 'en', targets: ['same']}});
	});

	it('ends turns at pauses unless it is told not to', async () => {
		const client = await openRealtimeClient(await openOpenAiServer());
		client.send(append(toRealtimeAudio(scriptedAudio(12))));
		const started = await client.until('input_audio_buffer.speech_started');
		const completed = await client.until(COMPLETED);
		const stopped = await client.until('input_audio_buffer.speech_stopped');
		expect(stopped['item_id']).toBe(started['item_id']);
		expect(completed['item_id']).toBe(started['item_id']);
		expect(Number(stopped['audio_end_ms'])).toBeGreaterThan(Number(started['audio_start_ms']));
		const types = client.events
			.filter(event => event['item_id'] === started['item_id'])
			.map(({type}) => type);
		expect(types).toEqual([
			'input_audio_buffer.speech_started',
			...types.filter(type => type === DELTA),
			'input_audio_buffer.speech_stopped',
			'input_audio_buffer.committed',
			COMPLETED,
		]);
	});

	it('forgets what is cleared', async () => {
		const client = await openByClient(await openOpenAiServer());
		client.send(append(toRealtimeAudio(scriptedAudio(4, 5))));
		client.send({type: 'input_audio_buffer.clear'});
		await client.until('input_audio_buffer.cleared');
		client.send(append(toRealtimeAudio(scriptedAudio(4))));
		client.send(commit);
		const completed = await client.until(COMPLETED);
		const alone = await openByClient(await openOpenAiServer());
		alone.send(append(toRealtimeAudio(scriptedAudio(4))));
		alone.send(commit);
		expect(completed['transcript']).toBe((await alone.until(COMPLETED))['transcript']);
		expect(completed['usage']).toEqual({type: 'duration', seconds: 4});
	});

	it('tells what it has before it takes a new language', async () => {
		const server = await openOpenAiServer();
		const client = await openByClient(server);
		client.send(append(toRealtimeAudio(scriptedAudio(4))));
		client.send({
			type: 'session.update',
			session: {type: 'transcription', audio: {input: {transcription: {language: 'de'}}}},
		});
		await client.until('session.updated', 2);
		expect(client.events.at(-1)!.type).toBe('session.updated');
		expect(client.events.filter(({type}) => type === COMPLETED)).toHaveLength(1);
		client.send(append(toRealtimeAudio(scriptedAudio(4))));
		client.send(commit);
		await client.until(COMPLETED, 2);
		expect(server.fixture.host.list()).toMatchObject([{options: {sourceLanguage: 'de'}}]);
	});

	it.each([
		['what is no JSON', 'not json', {code: 'invalid_value'}],
		['what has no type', '{}', {code: 'invalid_value', param: 'type'}],
		['a conversation', JSON.stringify({type: 'response.create', event_id: 'mine'}), {event_id: 'mine'}],
		[
			'another kind of session',
			JSON.stringify({type: 'session.update', session: {type: 'realtime'}}),
			{param: 'type', message: expect.stringContaining('transcription') as string},
		],
		[
			'a rate that is not 24 kHz',
			JSON.stringify({
				type: 'session.update',
				session: {type: 'transcription', audio: {input: {format: {type: 'audio/pcm', rate: 16_000}}}},
			}),
			{code: 'invalid_value'},
		],
		[
			'a model that is not here',
			JSON.stringify({
				type: 'session.update',
				session: {type: 'transcription', audio: {input: {transcription: {model: 'nova'}}}},
			}),
			{code: 'model_not_found', param: 'model'},
		],
		['half a sample', JSON.stringify(append('AAAA')), {code: 'invalid_value'}],
		['an empty turn', JSON.stringify(commit), {code: 'input_audio_buffer_commit_empty'}],
	])('refuses %s, and goes on', async (_title, text, expected) => {
		const server = await openOpenAiServer();
		const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/realtime?intent=transcription`);
		const messages: Record<string, unknown>[] = [];
		socket.on('message', data => messages.push(JSON.parse((data as Buffer).toString()) as never));
		await expect.poll(() => messages[0]?.['type']).toBe('session.created');
		socket.send(text);
		await expect.poll(() => messages[1]?.['type']).toBe('error');
		expect(messages[1]!['error']).toMatchObject({type: 'invalid_request_error', ...expected});
		socket.send(JSON.stringify({type: 'input_audio_buffer.clear'}));
		await expect.poll(() => messages[2]?.['type']).toBe('input_audio_buffer.cleared');
		socket.close();
	});

	it('closes a socket that names a model that is not here, and says why', async () => {
		const client = await openRealtimeClient(await openOpenAiServer(), {model: 'nova'});
		expect((await client.until('error'))['error']).toMatchObject({code: 'model_not_found'});
		expect(await client.closed).toBe(1008);
	});

	it('speaks the beta to clients of the beta', async () => {
		const server = await openOpenAiServer();
		const url = `${server.url.replace('http', 'ws')}/v1/realtime?intent=transcription`;
		const socket = new WebSocket(url, ['realtime', 'openai-insecure-api-key.x', 'openai-beta.realtime-v1']);
		const messages: Record<string, unknown>[] = [];
		socket.on('message', data => messages.push(JSON.parse((data as Buffer).toString()) as never));
		await expect.poll(() => messages[0]?.['type']).toBe('transcription_session.created');
		expect(socket.protocol).toBe('realtime');
		socket.send(
			JSON.stringify({
				type: 'transcription_session.update',
				session: {
					input_audio_format: 'pcm16',
					input_audio_transcription: {model: 'whisper-1', language: 'en'},
					turn_detection: null,
				},
			}),
		);
		await expect
			.poll(() => messages[1])
			.toMatchObject({
				type: 'transcription_session.updated',
				session: {
					input_audio_format: 'pcm16',
					input_audio_transcription: {model: 'whisper-1', language: 'en', prompt: ''},
					turn_detection: null,
				},
			});
		socket.send(JSON.stringify(append(toRealtimeAudio(scriptedAudio(1)))));
		socket.send(JSON.stringify(commit));
		await expect.poll(() => messages.at(-1)?.['type']).toBe(COMPLETED);
		expect(messages.map(({type}) => type)).toContain('conversation.item.created');
		socket.close();
	});

	it('ends the session of a client that goes', async () => {
		const server = await openOpenAiServer();
		const client = await openByClient(server);
		client.send(append(toRealtimeAudio(scriptedAudio(6))));
		await client.until(DELTA);
		client.close();
		await expect.poll(() => server.fixture.host.list()).toEqual([]);
	});

	it('tells all that was said before the server ends, then closes with 1001', async () => {
		const server = await openOpenAiServer();
		const client = await openByClient(server);
		client.send(append(toRealtimeAudio(scriptedAudio(6))));
		await client.until(DELTA);
		const closing = server.close();
		const completed = await client.until(COMPLETED);
		expect(completed['transcript']).toBe(joinDeltas(client, completed['item_id']));
		// But for the millisecond that the change of the sample rate holds back.
		expect((completed['usage'] as {seconds: number}).seconds).toBeCloseTo(6, 2);
		expect(await client.closed).toBe(1001);
		await closing;
	});

	it('says what broke a session, and closes', async () => {
		const server = await openOpenAiServer({
			engine: {faults: [{atMs: 1000, code: 'INTERNAL_FAULT'}]},
		});
		const client = await openByClient(server);
		client.send(append(toRealtimeAudio(scriptedAudio(3))));
		expect((await client.until('error'))['error']).toMatchObject({type: 'server_error'});
		expect(await client.closed).toBe(1011);
	});

	it('refuses what is beyond the limits of a key', async () => {
		const server = await openOpenAiServer({
			apiKey: 'secret',
			limits: {sessionsPerKey: 1},
			settings: {apiKeys: [{id: 'test', sha256: createHash('sha256').update('secret').digest('hex')}]},
		});
		const first = await openByClient(server);
		first.send(append(toRealtimeAudio(scriptedAudio(6))));
		await first.until(DELTA);
		expect(server.fixture.host.list()).toMatchObject([{owner: 'test'}]);
		const second = await openByClient(server);
		second.send({...append(toRealtimeAudio(scriptedAudio(1))), event_id: 'mine'});
		expect((await second.until('error'))['error']).toMatchObject({
			code: 'rate_limit_exceeded',
			event_id: 'mine',
		});
		expect(await second.closed).toBe(1008);
	});
});

describe('WS /v1/realtime/translations', () => {
	async function openTranslations(url: string) {
		const socket = new WebSocket(
			`${url.replace('http', 'ws')}/v1/realtime/translations?model=gpt-realtime-translate`,
		);
		const messages: Record<string, unknown>[] = [];
		socket.on('message', data => messages.push(JSON.parse((data as Buffer).toString()) as never));
		const closed = new Promise<number>(resolve => socket.once('close', resolve));
		await expect.poll(() => messages[0]?.['type']).toBe('session.created');
		const joined = (type: string) =>
			messages
				.filter(message => message['type'] === type)
				.map(message => String(message['delta']))
				.join('');
		const send = (event: unknown): void => socket.send(JSON.stringify(event));
		return {socket, messages, closed, joined, send};
	}

	const say = (audio: string) => ({type: 'session.input_audio_buffer.append', audio});

	it('writes another language as it is spoken, and tells all of it before it closes', async () => {
		const server = await openOpenAiServer();
		const {messages, closed, joined, send} = await openTranslations(server.url);
		expect(messages[0]).toMatchObject({
			session: {
				type: 'translation',
				model: 'gpt-realtime-translate',
				audio: {input: {transcription: null, noise_reduction: null}, output: {language: 'en'}},
			},
		});
		send({
			type: 'session.update',
			session: {audio: {output: {language: 'de'}, input: {transcription: {model: 'gpt-realtime-whisper'}}}},
		});
		for (const piece of toRealtimePieces(scriptedAudio(9), 200)) send(say(piece));
		send({type: 'session.close'});
		expect(await closed).toBe(1000);
		expect(messages[1]).toMatchObject({
			type: 'session.updated',
			session: {audio: {output: {language: 'de'}}},
		});
		expect(messages.at(-1)!['type']).toBe('session.closed');
		const output = joined('session.output_transcript.delta');
		const input = joined('session.input_transcript.delta');
		expect(output.split(' ').length).toBeGreaterThan(10);
		expect(output).toBe(output.trim());
		expect(input.split(' ').length).toBeGreaterThan(10);
		const elapsed = messages.map(message => message['elapsed_ms']).filter(ms => ms !== undefined) as number[];
		expect(elapsed).toEqual([...elapsed].sort((a, b) => a - b));
		expect(elapsed.every(ms => ms % 200 === 0)).toBe(true);
		expect(server.fixture.host.list()).toEqual([]);
	});

	it('tells nothing of what is spoken unless it is asked to, and refuses languages it cannot write', async () => {
		const {messages, closed, joined, send} = await openTranslations((await openOpenAiServer()).url);
		send({type: 'session.update', session: {audio: {output: {language: 'it'}}}});
		await expect.poll(() => messages[1]).toMatchObject({type: 'error', error: {code: 'unsupported_value'}});
		send(say(toRealtimeAudio(scriptedAudio(4))));
		send({type: 'session.close'});
		await closed;
		expect(joined('session.input_transcript.delta')).toBe('');
		expect(joined('session.output_transcript.delta')).not.toBe('');
	});
});
