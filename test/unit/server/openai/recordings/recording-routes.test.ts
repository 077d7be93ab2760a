import {readdir} from 'node:fs/promises';
import {request as httpRequest} from 'node:http';
import {join} from 'node:path';
import {APIError, toFile} from 'openai';
import {describe, expect, it, vi} from 'vitest';
import {InfinisstError} from '../../../../../src/core/errors.js';
import {rejectionOf} from '../../../../helpers/rejection-of.js';
import {makeWords} from '../../../../helpers/make-segment.js';
import {openOpenAiServer, type OpenAiServer} from '../../../../helpers/open-ai-server.js';
import {createScriptedRecordings} from '../../../../helpers/scripted-recordings.js';
import {createToldRecorder} from '../../../../helpers/told-recorder.js';

const file = () => toFile(Buffer.from('the bytes of a recording'), 'talk.mp3');

/** All that lies in the folder of uploads. */
async function uploadsOf({uploads}: OpenAiServer): Promise<string[]> {
	const folders = await readdir(uploads);
	const files = await Promise.all(folders.map(folder => readdir(join(uploads, folder))));
	return files.flat();
}

async function catchApiError(promise: Promise<unknown>): Promise<APIError> {
	const error = await rejectionOf(promise);
	expect(error).toBeInstanceOf(APIError);
	return error as APIError;
}

describe('POST /v1/audio/transcriptions', () => {
	it('gives a recording to a translator as it was sent, and its text to the client, and keeps nothing', async () => {
		const recordings = createScriptedRecordings();
		const server = await openOpenAiServer({openTranslator: recordings.open});
		const answer = server.client.audio.transcriptions.create({
			file: await file(),
			model: 'whisper-1',
			language: 'german',
			prompt: 'Names: Anna',
			temperature: 0.3,
		});
		const run = await recordings.begun(1);
		expect(await uploadsOf(server)).toHaveLength(1);
		expect(run.content).toBe('the bytes of a recording');
		expect(run.recording).toMatchObject({
			name: 'talk.mp3',
			maxAudioMs: 12 * 3_600_000,
			options: {
				sourceLanguage: 'de',
				task: 'transcribe',
				temperature: 0.3,
				words: false,
				prompt: 'Names: Anna',
			},
		});
		run.say('Hello there.');
		run.say('Good bye.');
		run.finish();
		expect(await answer).toEqual({
			text: 'Hello there. Good bye.',
			usage: {type: 'duration', seconds: 4},
		});
		expect(await uploadsOf(server)).toEqual([]);
	});

	it.each([
		['text', 'Hello there.\n'],
		['srt', '1\n00:00:00,000 --> 00:00:02,000\nHello there.\n\n'],
		['vtt', 'WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nHello there.\n\n'],
	] as const)('answers with %s', async (responseFormat, expected) => {
		const recordings = createScriptedRecordings();
		const {client} = await openOpenAiServer({openTranslator: recordings.open});
		const answer = client.audio.transcriptions.create({
			file: await file(),
			model: 'scripted',
			response_format: responseFormat,
		});
		const run = await recordings.begun(1);
		expect(run.recording.options.words).toBe(responseFormat !== 'text');
		run.say('Hello there.');
		run.finish();
		expect(await answer).toBe(expected);
	});

	it('tells all it knows with verbose_json, and the times of words if they are asked for', async () => {
		const recordings = createScriptedRecordings();
		const {client} = await openOpenAiServer({
			openTranslator: async () => {
				const translator = await recordings.open();
				return {
					...translator,
					async *translate(recording, signal) {
						for await (const event of translator.translate(recording, signal)) {
							if (event.type !== 'segment-final') yield event;
							else
								yield {
									...event,
									segment: {
										...event.segment,
										words: makeWords([' Hello', ' there.'], 0, 500),
										tokens: [2425, 456, 13],
									},
								};
						}
					},
				};
			},
		});
		const create = async (granularities: ('word' | 'segment')[]) =>
			client.audio.transcriptions.create({
				file: await file(),
				model: 'scripted',
				response_format: 'verbose_json',
				timestamp_granularities: granularities,
			});
		const both = create(['word', 'segment']);
		const run = await recordings.begun(1);
		expect(run.recording.options.tokens).toBe(true);
		run.say('Hello there.');
		run.finish();
		expect(await both).toEqual({
			task: 'transcribe',
			language: 'english',
			duration: 2,
			text: 'Hello there.',
			segments: [
				{
					id: 0,
					seek: 0,
					start: 0,
					end: 2,
					text: 'Hello there.',
					tokens: [2425, 456, 13],
					temperature: 0,
					avg_logprob: -0.25,
					compression_ratio: 1.3,
					no_speech_prob: 0.02,
				},
			],
			words: [
				{word: 'Hello', start: 0, end: 0.5},
				{word: 'there.', start: 0.5, end: 1},
			],
			usage: {type: 'duration', seconds: 2},
		});
		const words = create(['word']);
		const second = await recordings.begun(2);
		expect(second.recording.options.words).toBe(true);
		second.finish();
		expect(await words).not.toHaveProperty('segments');
	});

	it('streams each segment as it is known, then the whole text', async () => {
		const recordings = createScriptedRecordings();
		const server = await openOpenAiServer({openTranslator: recordings.open});
		const opening = server.client.audio.transcriptions.create({
			file: await file(),
			model: 'whisper-1',
			stream: true,
		});
		const run = await recordings.begun(1);
		run.say('Hello there.');
		const events = (await opening)[Symbol.asyncIterator]();
		expect((await events.next()).value).toEqual({type: 'transcript.text.delta', delta: 'Hello there.'});
		expect(await uploadsOf(server)).toHaveLength(1);
		run.say('Good bye.');
		expect((await events.next()).value).toEqual({type: 'transcript.text.delta', delta: ' Good bye.'});
		run.finish();
		expect((await events.next()).value).toEqual({
			type: 'transcript.text.done',
			text: 'Hello there. Good bye.',
			usage: {type: 'duration', seconds: 4},
		});
		expect((await events.next()).done).toBe(true);
		expect(await uploadsOf(server)).toEqual([]);
	});

	it('tells in the stream what fails after it has begun, and as a status what fails before', async () => {
		const recordings = createScriptedRecordings();
		const server = await openOpenAiServer({openTranslator: recordings.open});
		const create = async () =>
			server.client.audio.transcriptions.create({file: await file(), model: 'whisper-1', stream: true});
		const opening = create();
		const run = await recordings.begun(1);
		run.say('Hello there.');
		const events = (await opening)[Symbol.asyncIterator]();
		await events.next();
		run.fail(new InfinisstError('AUDIO_UNDECODABLE', '"talk.mp3" ends in nothing'));
		const late = await catchApiError(events.next());
		expect(late.error).toMatchObject({
			message: expect.stringContaining(
				'"talk.mp3" ends in nothing. Send it in one of these formats',
			) as string,
			code: 'invalid_value',
			param: 'file',
		});
		expect(await uploadsOf(server)).toEqual([]);
	});

	it('gives a recording up when its client goes, and lets the next one in', async () => {
		const recordings = createScriptedRecordings();
		const server = await openOpenAiServer({openTranslator: recordings.open});
		const gone = new AbortController();
		const stay = async (signal?: AbortSignal) =>
			server.client.audio.transcriptions.create(
				{file: await file(), model: 'whisper-1'},
				signal === undefined ? {} : {signal},
			);
		const left = [rejectionOf(stay(gone.signal)), rejectionOf(stay(gone.signal))];
		const [first, second] = [await recordings.begun(1), await recordings.begun(2)];
		const staying = stay();
		gone.abort();
		await Promise.all(left);
		const third = await recordings.begun(3);
		expect(first.signal!.aborted).toBe(true);
		expect(second.signal!.aborted).toBe(true);
		third.say('Still here.');
		third.finish();
		expect((await staying).text).toBe('Still here.');
		expect(await uploadsOf(server)).toEqual([]);
	});

	it('gives up a stream whose reader goes', async () => {
		const recordings = createScriptedRecordings();
		const server = await openOpenAiServer({openTranslator: recordings.open});
		const opening = server.client.audio.transcriptions.create({
			file: await file(),
			model: 'whisper-1',
			stream: true,
		});
		const run = await recordings.begun(1);
		const over = new Promise(resolve => run.signal!.addEventListener('abort', resolve));
		run.say('Hello there.');
		for await (const event of await opening) {
			expect(event.type).toBe('transcript.text.delta');
			break;
		}
		await over;
		await expect.poll(() => uploadsOf(server)).toEqual([]);
	});

	it('translates two at a time, and takes no more uploads than there is room for', async () => {
		const recordings = createScriptedRecordings();
		const {client, metrics} = await openOpenAiServer({
			openTranslator: recordings.open,
			limits: {maxQueued: 1},
		});
		const create = async () => client.audio.transcriptions.create({file: await file(), model: 'whisper-1'});
		const answers = [create(), create(), create()];
		const first = await recordings.begun(2).then(() => recordings.runs[0]!);
		await expect
			.poll(() => metrics.metrics())
			.toMatch(/infinisst_recordings_running 2\n[^]*infinisst_recordings_present 3\n/);
		const refused = await catchApiError(create());
		expect(refused.status).toBe(503);
		expect(refused.code).toBe('engine_busy');
		expect(recordings.runs).toHaveLength(2);
		first.finish();
		const third = await recordings.begun(3);
		recordings.runs[1]!.finish();
		third.finish();
		await Promise.all(answers);
		expect(recordings.opened).toBe(1);
	});

	it('goes on in another process when one is lost, saying nothing twice, but not for ever', async () => {
		const recordings = createScriptedRecordings();
		const {client} = await openOpenAiServer({openTranslator: recordings.open});
		const opening = client.audio.transcriptions.create({
			file: await file(),
			model: 'whisper-1',
			stream: true,
		});
		const first = await recordings.begun(1);
		first.say('Hello there.');
		const events = (await opening)[Symbol.asyncIterator]();
		await events.next();
		recordings.crash();
		const second = await recordings.begun(2);
		second.say('Hello there.');
		second.say('Good bye.');
		expect((await events.next()).value).toEqual({type: 'transcript.text.delta', delta: ' Good bye.'});
		recordings.crash();
		const error = await catchApiError(events.next());
		expect(error.error).toMatchObject({code: 'replica_lost', type: 'server_error'});
		expect(recordings.opened).toBe(2);
	});

	it('closes a translator that nobody has used for a minute', async () => {
		const recordings = createScriptedRecordings();
		const {client, fixture} = await openOpenAiServer({openTranslator: recordings.open});
		const create = async (count: number) => {
			const answer = client.audio.transcriptions.create({file: await file(), model: 'whisper-1'});
			(await recordings.begun(count)).finish();
			await answer;
		};
		await create(1);
		fixture.clock.advance(59_000);
		await create(2);
		fixture.clock.advance(59_000);
		expect([recordings.opened, recordings.closed]).toEqual([1, 0]);
		fixture.clock.advance(1000);
		await expect.poll(() => recordings.closed).toBe(1);
		await create(3);
		expect(recordings.opened).toBe(2);
	});

	it.each([
		['no file', {file: undefined}, 400, 'file', 'invalid_value'],
		['a model that is not here', {model: 'gpt-9'}, 404, 'model', 'model_not_found'],
		['a language that is none', {language: 'klingon'}, 400, 'language', 'invalid_value'],
		['a language that the model does not know', {language: 'fr'}, 400, 'language', 'unsupported_value'],
		['an unknown format', {response_format: 'diarized_json'}, 400, 'response_format', 'invalid_value'],
		['a temperature out of range', {temperature: '1.5'}, 400, 'temperature', 'invalid_value'],
		['a temperature that is no number', {temperature: 'hot'}, 400, 'temperature', 'invalid_value'],
		[
			'times of words in a format that has none',
			{'timestamp_granularities[]': 'word'},
			400,
			'timestamp_granularities',
			'invalid_value',
		],
		['log probabilities', {'include[]': 'logprobs'}, 400, 'include', 'invalid_value'],
		['a stream of subtitles', {stream: 'true', response_format: 'srt'}, 400, 'stream', 'invalid_value'],
	])('refuses %s in the manner of OpenAI', async (_title, fields, status, param, code) => {
		const recordings = createScriptedRecordings();
		const server = await openOpenAiServer({openTranslator: recordings.open});
		const form = new FormData();
		const given = {file: new Blob(['x']), model: 'whisper-1', ...fields};
		for (const [name, value] of Object.entries(given)) if (value !== undefined) form.append(name, value);
		const answer = await fetch(`${server.url}/v1/audio/transcriptions`, {method: 'POST', body: form});
		expect(answer.status).toBe(status);
		expect(await answer.json()).toEqual({
			error: {
				message: expect.stringMatching(/\w.*\.$/) as string,
				type: 'invalid_request_error',
				param,
				code,
			},
		});
		expect(recordings.runs).toEqual([]);
		expect(await uploadsOf(server)).toEqual([]);
	});

	it('says how a language may be named', async () => {
		const server = await openOpenAiServer({openTranslator: createScriptedRecordings().open});
		const form = new FormData();
		for (const [name, value] of [
			['file', new Blob(['x'])],
			['language', 'klingon'],
		] as const) {
			form.append(name, value);
		}
		const answer = await fetch(`${server.url}/v1/audio/transcriptions`, {method: 'POST', body: form});
		expect(await answer.json()).toMatchObject({
			error: {
				message:
					'language: "klingon" is not a language known here. Give a code such as de, or an English name such as German.',
			},
		});
	});

	it('refuses a body that is no form, and a file that is too large, of which nothing is left', async () => {
		const recordings = createScriptedRecordings();
		const server = await openOpenAiServer({
			openTranslator: recordings.open,
			limits: {uploadBytes: 3 * 1024 * 1024},
		});
		const json = await fetch(`${server.url}/v1/audio/transcriptions`, {
			method: 'POST',
			headers: {'content-type': 'application/json'},
			body: '{}',
		});
		expect(json.status).toBe(400);
		expect(await json.json()).toMatchObject({
			error: {message: expect.stringContaining('multipart/form-data') as string},
		});
		// Larger than the limit of other bodies, and than this one's: with its length stated, and without.
		const bytes = new Uint8Array(3 * 1024 * 1024 + 1);
		const large = server.client.audio.transcriptions.create({
			file: await toFile(bytes, 'large.wav'),
			model: 'whisper-1',
		});
		const error = await catchApiError(large);
		expect(error.status).toBe(413);
		expect(error.error).toMatchObject({
			code: 'file_too_large',
			message: expect.stringContaining('3 MB') as string,
		});
		const stated = await catchApiError(
			server.client.audio.transcriptions.create({
				file: await toFile(new Uint8Array(5 * 1024 * 1024), 'larger.wav'),
				model: 'whisper-1',
			}),
		);
		expect(stated.status).toBe(413);
		expect(await uploadsOf(server)).toEqual([]);
		const fits = server.client.audio.transcriptions.create({
			file: await toFile(bytes.subarray(1), 'fits.wav'),
			model: 'whisper-1',
		});
		(await recordings.begun(1)).finish();
		expect((await fits).text).toBe('');
	});

	it('keeps nothing of an upload that breaks off, and gives its place to others', async () => {
		const server = await openOpenAiServer({limits: {maxQueued: 0}});
		const broken = httpRequest(`${server.url}/v1/audio/transcriptions`, {
			method: 'POST',
			headers: {'content-type': 'multipart/form-data; boundary=x', 'content-length': 10_000},
		});
		broken.on('error', () => undefined);
		broken.write('--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nbytes');
		await expect.poll(() => uploadsOf(server)).toHaveLength(1);
		broken.destroy();
		await expect.poll(() => uploadsOf(server)).toEqual([]);
		await expect.poll(() => server.metrics.metrics()).toContain('infinisst_recordings_present 0\n');
	});

	it('calls a file by its name alone, without what a terminal or a path would obey', async () => {
		const recordings = createScriptedRecordings();
		const {client} = await openOpenAiServer({openTranslator: recordings.open});
		const answer = client.audio.transcriptions.create({
			file: await toFile(Buffer.from('x'), '../../etc/a\u{1B}[31m.wav'),
			model: 'whisper-1',
		});
		const run = await recordings.begun(1);
		expect(run.recording.name).toMatch(/^a.*\[31m\.wav$/);
		expect(run.recording.name).not.toMatch(/[\p{Cc}/]/u);
		expect(run.recording.path).not.toContain('etc');
		run.finish();
		await answer;
	});

	it('finishes what it has when the server is closed, and then takes the folder of uploads away', async () => {
		const recordings = createScriptedRecordings();
		const server = await openOpenAiServer({openTranslator: recordings.open});
		const answer = server.client.audio.transcriptions.create({file: await file(), model: 'whisper-1'});
		const run = await recordings.begun(1);
		const closing = server.close();
		run.say('To the end.');
		run.finish();
		expect((await answer).text).toBe('To the end.');
		await closing;
		expect(recordings.closed).toBe(1);
		expect(await readdir(server.uploads)).toEqual([]);
	});
});

describe('POST /v1/audio/translations', () => {
	it('asks for English, and says so', async () => {
		const recordings = createScriptedRecordings();
		const {client} = await openOpenAiServer({openTranslator: recordings.open});
		const answer = client.audio.translations.create({
			file: await file(),
			model: 'whisper-1',
			response_format: 'verbose_json',
		});
		const run = await recordings.begun(1);
		expect(run.recording.options).toMatchObject({task: 'translate', sourceLanguage: 'auto'});
		run.say('Hello there.');
		run.finish();
		expect(await answer).toMatchObject({task: 'translate', language: 'english', text: 'Hello there.'});
	});
});

describe('GET /openapi.json', () => {
	it('describes the forms, the formats of answers, and the sockets', async () => {
		const {url} = await openOpenAiServer();
		const {paths} = (await (await fetch(`${url}/openapi.json`)).json()) as {
			paths: Record<string, Record<string, unknown>>;
		};
		for (const path of ['/v1/models', '/v1/models/{model}', '/v1/realtime', '/v1/realtime/translations']) {
			expect(paths[path], path).toHaveProperty('get');
		}
		expect(paths['/v1/audio/translations']).toHaveProperty('post');
		expect(paths['/v1/audio/transcriptions']).toMatchObject({
			post: {
				requestBody: {
					content: {'multipart/form-data': {schema: {properties: {file: {format: 'binary'}}}}},
				},
				responses: {
					'200': {content: {'application/json': {}, 'text/event-stream': {}}},
					'4XX': {content: {'application/json': {}}},
				},
			},
		});
	});
});

describe('GET /v1/models', () => {
	it('lists the models, with their state', async () => {
		const {client} = await openOpenAiServer({
			models: [{name: 'scripted'}, {name: 'other', isLoaded: false}],
		});
		const {data} = await client.models.list();
		expect(data).toMatchObject([
			{
				id: 'scripted',
				object: 'model',
				owned_by: 'infinisst',
				state: 'loaded',
				targets: ['same', 'en', 'de'],
			},
			{id: 'other', state: 'available'},
		]);
		expect(Number.isInteger(data[0]!.created)).toBe(true);
		expect(await client.models.retrieve('other')).toEqual(data[1]);
		expect(await client.models.retrieve('whisper-1')).toEqual({...data[0], id: 'whisper-1'});
	});

	it('does not know others', async () => {
		const {client} = await openOpenAiServer();
		const error = await catchApiError(client.models.retrieve('gpt-5'));
		expect(error.status).toBe(404);
		expect(error).toMatchObject({code: 'model_not_found', param: 'model', type: 'invalid_request_error'});
	});
});

describe('what the history is told of a recording', () => {
	it('is who sent it for what, its segments without their text, and its end', async () => {
		const recordings = createScriptedRecordings();
		const {recorder, told} = createToldRecorder();
		const {client} = await openOpenAiServer({openTranslator: recordings.open, recorder});
		const answer = client.audio.translations.create({file: await file(), model: 'whisper-1', prompt: 'Anna'});
		const run = await recordings.begun(1);
		expect(told.map(([type]) => type)).toEqual(['uploaded', 'began']);
		run.say('Hello there.');
		run.say('Good bye.');
		run.finish();
		await answer;
		expect(told[0]).toEqual([
			'uploaded',
			{
				id: expect.stringMatching(/^upload-[\da-f-]{36}$/) as string,
				owner: undefined,
				file: undefined,
				model: 'scripted',
				sourceLanguage: 'auto',
				targets: ['en'],
				createdAtMs: expect.any(Number) as number,
			},
		]);
		expect(told.slice(2)).toMatchObject([
			['updated', {audioMs: 2000, characters: 12, segments: 1, texts: []}],
			['updated', {audioMs: 4000, characters: 9, segments: 1, texts: []}],
			['ended', {audioMs: 4000, cause: undefined}],
		]);
		expect(JSON.stringify(told)).not.toMatch(/Hello|talk|Anna/);
	});

	it('holds its name and texts where they are kept', async () => {
		const recordings = createScriptedRecordings();
		const {recorder, told} = createToldRecorder();
		const settings = {keepText: true};
		const {client} = await openOpenAiServer({openTranslator: recordings.open, recorder, settings});
		const answer = client.audio.transcriptions.create({file: await file(), model: 'whisper-1'});
		const run = await recordings.begun(1);
		run.say('Hello there.');
		run.finish();
		await answer;
		expect(told[0]).toMatchObject(['uploaded', {file: 'talk.mp3', targets: ['same']}]);
		expect(told[2]).toMatchObject(['updated', {texts: [{language: 'en', text: 'Hello there.'}]}]);
	});

	it('is why there was no end: what failed, or that its client went away', async () => {
		const recordings = createScriptedRecordings();
		const {recorder, told} = createToldRecorder();
		const {client} = await openOpenAiServer({openTranslator: recordings.open, recorder});
		const failed = client.audio.transcriptions.create({file: await file(), model: 'whisper-1'});
		(await recordings.begun(1)).fail(new InfinisstError('AUDIO_UNDECODABLE', 'It is no recording'));
		await rejectionOf(failed);
		const stop = new AbortController();
		const left = client.audio.transcriptions.create(
			{file: await file(), model: 'whisper-1'},
			{signal: stop.signal},
		);
		await recordings.begun(2);
		stop.abort();
		await rejectionOf(left);
		await vi.waitFor(() => expect(told.filter(([type]) => type === 'ended')).toHaveLength(2));
		expect(told.filter(([type]) => type === 'ended')).toMatchObject([
			['ended', {cause: {code: 'AUDIO_UNDECODABLE'}}],
			['ended', {cause: {code: 'RESOURCE_CLOSED'}}],
		]);
	});
});
