import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {beforeAll, describe, expect, it, onTestFinished} from 'vitest';

import {openAudio} from '../../src/core/audio/open-audio.js';
import type {StreamEvent} from '../../src/core/session/stream-event.js';
import {ensureDefaultModel, testHome} from '../helpers/default-model.js';
import {programPath, runProgram} from '../helpers/run-program.js';
import {keepLasting} from '../helpers/stream-acts.js';
import {openRecordedStream} from '../helpers/stream-server.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

const kennedy = fileURLToPath(new URL('../../examples/kennedy-1961.flac', import.meta.url));

let samples: Float32Array;

beforeAll(async () => {
	await ensureDefaultModel();
	const clip: number[] = [];
	for await (const block of (await openAudio({kind: 'file', path: kennedy}, {})).samples) clip.push(...block);
	samples = Float32Array.from(clip);
});

/** What `infinisst translate` prints for the same audio. */
async function printedEvents(): Promise<readonly StreamEvent[]> {
	const flags = ['translate', '-', '--to', 'same', '--latency', '1', '--json', '--quiet'];
	const {stdout} = await runProgram(flags, {input: await readFile(kennedy)});
	return stdout
		.trim()
		.split('\n')
		.map(line => JSON.parse(line) as StreamEvent);
}

describe('infinisst serve, /v1/stream, with the default model', () => {
	it('sends the events that infinisst translate prints', async () => {
		const expected = await printedEvents();
		const {port} = await serve(0, join(await temporaryDirectory(), 'history.db'));
		const {client, events} = openStream(port);
		for (const piece of pieces()) await client.write(piece);
		client.end();
		await client.done;
		expect(keepLasting(events)).toEqual(keepLasting(expected));
		const guesses = ofType(events, 'partial');
		expect(guesses.length).toBeGreaterThan(0);
		expect(ofType(expected, 'partial')).toEqual(expect.arrayContaining([...guesses]));
	});

	it('is killed with kill -9 and started again: the client says the same text as if nothing had happened', async () => {
		const history = join(await temporaryDirectory(), 'history.db');
		const first = await serve(0, history);
		const {client, events} = openStream(first.port);
		const clip = pieces();
		for (const piece of clip.splice(0, Math.ceil(clip.length * 0.7))) await client.write(piece);
		await expect.poll(() => ofType(events, 'final').length, {timeout: 60_000}).toBeGreaterThan(0);
		// What happened is written once a second: of a server that lived for less there would be nothing.
		await expect
			.poll(async () => (await runProgram(['history', 'sessions', '--db', history])).stdout)
			.toContain(`_${first.child.pid}`);
		const before = events.length;
		first.child.kill('SIGKILL');
		await once(first.child, 'exit');
		await serve(first.port, history);
		for (const piece of clip) await client.write(piece);
		client.end();
		await client.done;
		expect(events.length).toBeGreaterThan(before);
		expect(events.map(({seq}) => seq)).toEqual(events.map((_, index) => index));
		expect(keepLasting(events)).toEqual(keepLasting(await printedEvents()));
		const {stdout} = await runProgram(['history', 'sessions', '--db', history, '--format', 'json']);
		const session = (JSON.parse(stdout) as readonly {session: string}[])
			.map(row => row.session)
			.find(name => name.endsWith(`_${first.child.pid}`))!;
		const jobs = await runProgram(['history', 'jobs', '--db', history, '--session', session]);
		expect(jobs.stdout).not.toContain('RUNNING');
		expect(jobs.stdout).toContain('FAILED');
		// Of the server that runs now: written once a second.
		await expect
			.poll(async () => (await runProgram(['history', 'timeline', '--db', history])).stdout, {
				timeout: 30_000,
			})
			.toMatch(/"replica":"whisper-base\/replica-1","queue_wait_ms":\d+,"batch":\d+,"batch_size":1\b/);
	});
});

function openStream(port: number) {
	return openRecordedStream(
		`ws://127.0.0.1:${port}/v1/stream`,
		{target: 'same', latency_multiplier: '1', catch_up: 'false'},
		{maxAttempts: 1000, retryDelayMs: () => 100},
	);
}

/** Of a tenth of a second. */
function pieces(): Float32Array[] {
	return Array.from({length: Math.ceil(samples.length / 1600)}, (_, index) =>
		samples.slice(index * 1600, (index + 1) * 1600),
	);
}

async function serve(port: number, history: string): Promise<{child: ChildProcess; port: number}> {
	const flags = ['serve', '--port', String(port), '--workers', '1', '--db', history, '--json'];
	const child = spawn(process.execPath, [programPath, ...flags], {
		env: {...process.env, INFINISST_HOME: testHome},
		stdio: ['ignore', 'pipe', 'ignore'],
	});
	onTestFinished(() => void child.kill('SIGKILL'));
	const [line] = (await once(createInterface({input: child.stdout}), 'line')) as [string];
	return {child, port: (JSON.parse(line) as {port: number}).port};
}

function ofType(events: readonly object[], type: string): readonly object[] {
	return events
		.filter(event => (event as {type: string}).type === type)
		.map(event => ({...event, seq: 0, at_ms: 0}));
}
