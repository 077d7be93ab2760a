import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {createReadStream} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {connect} from 'node:net';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import OpenAI from 'openai';
import {OpenAIRealtimeWS} from 'openai/realtime/ws';
import {WebVTTParser} from 'webvtt-parser';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';

import {wordErrorRate} from '../../src/core/scoring/error-rate.js';
import {ensureDefaultModel, testHome} from '../helpers/default-model.js';
import {followRealtime} from '../helpers/open-ai-server.js';
import {describeWithPython} from '../helpers/python-environment.js';
import {runPython} from '../helpers/python-openai.js';
import {readAudio} from '../helpers/read-samples.js';
import {toRealtimePieces} from '../helpers/realtime-audio.js';
import {programPath} from '../helpers/run-program.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

const kennedy = fileURLToPath(new URL('../../examples/kennedy-1961.flac', import.meta.url));
const spanish = fileURLToPath(new URL('../../examples/spanish-synthesised.flac', import.meta.url));
const kennedyText =
	'And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country.';
const spanishInEnglish =
	'The government announced a new plan to improve education. We need more time to finish this work. Scientists say that the climate is changing all over the world.';
/** One word of the 22 may be wrong. */
const KENNEDY_RATE = 1 / 22;
/** Heard live, one may also be read otherwise at a cut. */
const LIVE_RATE = 3 / 22;
/** A translation may choose other words; one of another text has none of these. */
const TRANSLATION_RATE = 0.4;

let server: ChildProcess;
let url: string;
let port: number;
let client: OpenAI;

beforeAll(async () => {
	await ensureDefaultModel();
	server = spawn(
		process.execPath,
		[programPath, 'serve', '--port', '0', '--workers', '1', '--json', '--no-history', '--log-level', 'warn'],
		{env: {...process.env, INFINISST_HOME: testHome}, stdio: ['ignore', 'pipe', 'inherit']},
	);
	const [line] = (await once(createInterface({input: server.stdout!}), 'line')) as [string];
	({url, port} = JSON.parse(line) as {url: string; port: number});
	client = new OpenAI({baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0});
});

afterAll(async () => {
	const exited = once(server, 'exit');
	server.kill('SIGTERM');
	expect(await exited).toEqual([0, null]);
});

describe("OpenAI's client for Node", () => {
	const create = {
		get file() {
			return createReadStream(kennedy);
		},
		model: 'whisper-1',
		language: 'en',
	};

	it('gets captions as JSON and as text', async () => {
		const {text, usage} = await client.audio.transcriptions.create({...create, file: create.file});
		expect(wordErrorRate(kennedyText, text).rate).toBeLessThanOrEqual(KENNEDY_RATE);
		expect(usage).toEqual({type: 'duration', seconds: 11});
		const plain = await client.audio.transcriptions.create({
			...create,
			file: create.file,
			response_format: 'text',
		});
		expect(plain).toBe(`${text}\n`);
	});

	it('gets subtitles', async () => {
		const vtt = await client.audio.transcriptions.create({
			...create,
			file: create.file,
			response_format: 'vtt',
		});
		const {cues, errors} = new WebVTTParser().parse(vtt, 'subtitles');
		expect(errors).toEqual([]);
		expect(wordErrorRate(kennedyText, cues.map(({text}) => text).join(' ')).rate).toBeLessThanOrEqual(
			KENNEDY_RATE,
		);
		expect(cues.at(-1)!.endTime).toBeLessThanOrEqual(11);
		const srt = await client.audio.transcriptions.create({
			...create,
			file: create.file,
			response_format: 'srt',
		});
		expect(srt).toMatch(/^1\n00:00:00,\d{3} --> 00:00:\d{2},\d{3}\nAnd so/);
	});

	it('gets segments and words with their times, of a language that was not named', async () => {
		const {language, duration, segments, words} = await client.audio.transcriptions.create({
			file: createReadStream(kennedy),
			model: 'whisper-base',
			response_format: 'verbose_json',
			timestamp_granularities: ['word', 'segment'],
		});
		expect({language, duration}).toEqual({language: 'english', duration: 11});
		expect(segments!.every(({start, end}) => start >= 0 && end > start && end <= 11)).toBe(true);
		const spoken = words!.map(({word}) => word).join(' ');
		expect(wordErrorRate(kennedyText, spoken).rate).toBeLessThanOrEqual(KENNEDY_RATE);
		const starts = words!.map(({start}) => start);
		expect(starts).toEqual([...starts].sort((a, b) => a - b));
	});

	it('gets a stream of the same text', async () => {
		const events = await client.audio.transcriptions.create({...create, file: create.file, stream: true});
		let deltas = '';
		let done = '';
		for await (const event of events) {
			if (event.type === 'transcript.text.delta') deltas += event.delta;
			if (event.type === 'transcript.text.done') done = event.text;
		}
		expect(done).toBe(deltas);
		expect(wordErrorRate(kennedyText, done).rate).toBeLessThanOrEqual(KENNEDY_RATE);
	});

	it('gets a translation', async () => {
		const {text} = await client.audio.translations.create({
			file: createReadStream(spanish),
			model: 'whisper-1',
		});
		expect(wordErrorRate(spanishInEnglish, text).rate).toBeLessThanOrEqual(TRANSLATION_RATE);
	});

	it('draws at a temperature, the same each time', async () => {
		const draw = () =>
			client.audio.transcriptions.create({...create, file: createReadStream(kennedy), temperature: 0.2});
		const [first, second] = [await draw(), await draw()];
		expect(second.text).toBe(first.text);
		expect(wordErrorRate(kennedyText, first.text).rate).toBeLessThanOrEqual(0.2);
	});

	it('is told what is wrong with a file', async () => {
		const broken = client.audio.transcriptions.create({
			file: createReadStream(fileURLToPath(import.meta.url)),
			model: 'whisper-1',
		});
		await expect(broken).rejects.toMatchObject({
			status: 400,
			code: 'invalid_value',
			param: 'file',
			message: expect.stringMatching(/"openai\.test\.ts".*Send it in one of these formats: flac/) as string,
		});
	});

	it('hears a speaker live, and gets the whole turn after its commit', async () => {
		const socket = new OpenAIRealtimeWS(
			{model: 'gpt-4o-transcribe', options: {createConnection: () => connect(port, '127.0.0.1')}},
			client,
		);
		const realtime = await followRealtime(socket);
		realtime.send({
			type: 'session.update',
			session: {
				type: 'transcription',
				audio: {input: {turn_detection: null, transcription: {model: 'whisper-1', language: 'en'}}},
			},
		});
		const {samples} = await readAudio({kind: 'file', path: kennedy});
		for (const audio of toRealtimePieces(samples, 500))
			realtime.send({type: 'input_audio_buffer.append', audio});
		realtime.send({type: 'input_audio_buffer.commit'});
		const completed = await realtime.until('conversation.item.input_audio_transcription.completed');
		const transcript = String(completed['transcript']);
		const deltas = realtime.events
			.filter(({type}) => type === 'conversation.item.input_audio_transcription.delta')
			.map(({delta}) => String(delta));
		expect(deltas.length).toBeGreaterThan(1);
		expect(deltas.join('')).toBe(transcript);
		expect(wordErrorRate(kennedyText, transcript).rate).toBeLessThanOrEqual(LIVE_RATE);
		realtime.close();
	});
});

/** Prints JSON; the address comes as the first argument. */
const PYTHON_RECORDINGS = `
import json, sys, openai
url, english, spanish = sys.argv[1:]
client = openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=0)
def create(**more):
    with open(english, "rb") as file:
        return client.audio.transcriptions.create(file=file, model="whisper-1", language="en", **more)
verbose = create(response_format="verbose_json", timestamp_granularities=["word"])
stream = list(create(stream=True))
with open(spanish, "rb") as file:
    translation = client.audio.translations.create(file=file, model="whisper-1")
try:
    client.models.retrieve("gpt-5")
except openai.NotFoundError as error:
    unknown = error.body
print(json.dumps({
    "json": create().text,
    "text": create(response_format="text"),
    "srt": create(response_format="srt"),
    "vtt": create(response_format="vtt"),
    "words": [word.word for word in verbose.words],
    "duration": verbose.duration,
    "types": [event.type for event in stream],
    "deltas": "".join(event.delta for event in stream if event.type == "transcript.text.delta"),
    "done": stream[-1].text,
    "translation": translation.text,
    "models": [model.id for model in client.models.list()],
    "unknown": unknown,
}))
`;

const PYTHON_TRANSCRIPTION = `
import json, sys, openai
url, pieces = sys.argv[1], json.load(open(sys.argv[2]))
client = openai.OpenAI(base_url=url + "/v1", api_key="none")
deltas, transcript = [], None
with client.realtime.connect(model="gpt-4o-transcribe", extra_query={"intent": "transcription"}) as connection:
    connection.session.update(session={"type": "transcription", "audio": {"input": {
        "turn_detection": None, "transcription": {"model": "whisper-1", "language": "en"}}}})
    for audio in pieces:
        connection.input_audio_buffer.append(audio=audio)
    connection.input_audio_buffer.commit()
    for event in connection:
        if event.type == "conversation.item.input_audio_transcription.delta":
            deltas.append(event.delta)
        elif event.type == "conversation.item.input_audio_transcription.completed":
            transcript = event.transcript
            break
        elif event.type == "error":
            raise RuntimeError(event.error.message)
print(json.dumps({"deltas": "".join(deltas), "transcript": transcript}))
`;

const PYTHON_TRANSLATION = `
import json, sys, openai
url, pieces = sys.argv[1], json.load(open(sys.argv[2]))
client = openai.OpenAI(base_url=url + "/v1", api_key="none")
output, heard, types = [], [], []
with client.realtime.translations.connect(model="gpt-realtime-translate") as connection:
    connection.send({"type": "session.update", "session": {"audio": {
        "input": {"transcription": {"model": "gpt-realtime-whisper"}}, "output": {"language": "en"}}}})
    for audio in pieces:
        connection.send({"type": "session.input_audio_buffer.append", "audio": audio})
    connection.send({"type": "session.close"})
    for event in connection:
        types.append(event.type)
        if event.type == "session.output_transcript.delta":
            output.append(event.delta)
        elif event.type == "session.input_transcript.delta":
            heard.append(event.delta)
        elif event.type == "error":
            raise RuntimeError(event.error.message)
        elif event.type == "session.closed":
            break
print(json.dumps({"output": "".join(output), "heard": "".join(heard), "first": types[:2], "last": types[-1]}))
`;

describeWithPython("OpenAI's client for Python", () => {
	it('gets captions in all formats, streams, translations and models', async () => {
		const answers = (await runPython(PYTHON_RECORDINGS, url, kennedy, spanish)) as Record<string, unknown>;
		const {json: text} = answers as {json: string};
		expect(wordErrorRate(kennedyText, text).rate).toBeLessThanOrEqual(KENNEDY_RATE);
		expect(answers).toMatchObject({
			text: `${text}\n`,
			srt: expect.stringMatching(/^1\n00:00:00,/) as string,
			vtt: expect.stringMatching(/^WEBVTT\n\n00:00:00\./) as string,
			duration: 11,
			deltas: text,
			done: text,
			models: expect.arrayContaining(['whisper-base']) as string[],
			unknown: {code: 'model_not_found', param: 'model'},
		});
		expect((answers['words'] as string[]).join(' ')).toBe(text);
		expect((answers['types'] as string[]).at(-1)).toBe('transcript.text.done');
		expect(wordErrorRate(spanishInEnglish, String(answers['translation'])).rate).toBeLessThanOrEqual(
			TRANSLATION_RATE,
		);
	});

	it('hears a speaker live', async () => {
		const {deltas, transcript} = (await runPython(
			PYTHON_TRANSCRIPTION,
			url,
			await writePieces(kennedy),
		)) as Record<string, string>;
		expect(deltas).toBe(transcript);
		expect(wordErrorRate(kennedyText, transcript!).rate).toBeLessThanOrEqual(LIVE_RATE);
	});

	it('translates a speaker live, and gets all of it before the session is closed', async () => {
		const {output, heard, first, last} = (await runPython(
			PYTHON_TRANSLATION,
			url,
			await writePieces(spanish),
		)) as {output: string; heard: string; first: string[]; last: string};
		expect(first).toEqual(['session.created', 'session.updated']);
		expect(last).toBe('session.closed');
		expect(wordErrorRate(spanishInEnglish, output).rate).toBeLessThanOrEqual(0.6);
		expect(heard.toLowerCase()).toContain('gobierno');
	});
});

/** The audio of a recording as a realtime client sends it, in a file of JSON. */
async function writePieces(recording: string): Promise<string> {
	const {samples} = await readAudio({kind: 'file', path: recording});
	const path = join(await temporaryDirectory(), 'pieces.json');
	await writeFile(path, JSON.stringify(toRealtimePieces(samples, 200)));
	return path;
}
