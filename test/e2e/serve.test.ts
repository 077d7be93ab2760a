import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {beforeAll, describe, expect, it, onTestFinished, vi} from 'vitest';

import {ensureDefaultModel, testHome} from '../helpers/default-model.js';
import {readClip} from '../helpers/read-clip.js';
import {programPath, runProgram} from '../helpers/run-program.js';
import {describeWithShared} from '../helpers/shared.js';
import {openRawSocket, textOfStream} from '../helpers/stream-server.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';
import {describeWithWhisperBase} from '../helpers/whisper-base.js';

/** `infinisst serve` as it was built, on a port of its own. */
async function startServer(parameters: readonly string[] = []) {
	const cwd = await temporaryDirectory();
	const child = spawn(
		process.execPath,
		[programPath, 'serve', '--port', '0', '--json', '--workers', '1', '--no-history', ...parameters],
		{cwd, env: {...process.env, INFINISST_HOME: testHome}, stdio: ['ignore', 'pipe', 'pipe']},
	);
	onTestFinished(() => void child.kill('SIGKILL'));
	const log: Readonly<Record<string, unknown>>[] = [];
	createInterface({input: child.stderr}).on('line', line => {
		if (line.startsWith('{')) log.push(JSON.parse(line) as Readonly<Record<string, unknown>>);
	});
	const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
	const [line] = (await once(createInterface({input: child.stdout}), 'line')) as [string];
	const {url} = JSON.parse(line) as {url: string};
	const logged = (message: string) =>
		vi.waitFor(() => expect(log.map(({msg}) => msg)).toContain(message), {timeout: 30_000, interval: 50});
	return {child, cwd, url, exited, logged};
}

/** Of `/metrics`. */
async function readFigure(url: string, name: string): Promise<number> {
	const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n');
	return Number(lines.find(line => line.startsWith(`${name} `))?.slice(name.length + 1));
}

describeWithShared('infinisst serve', () => {
	describeWithWhisperBase('with whisper-base', () => {
		beforeAll(ensureDefaultModel);

		it('translates and delivers all that was buffered in 8 sessions when SIGTERM comes, then exits with 0', async () => {
			const {child, url, exited} = await startServer(['--workers', '2']);
			const loaded = await runProgram(['models', 'load', 'whisper-base', '--server', url]);
			expect(loaded).toMatchObject({exitCode: 0, stdout: `whisper-base is loaded at ${url}\n`});
			const status = await runProgram(['status', '--server', url]);
			expect(status.stdout).toContain(`${url} is healthy: 0 sessions`);

			const samples = await readClip('audio/dev/en_jfk.flac');
			const streams = Array.from({length: 8}, () =>
				openRawSocket(`${url.replace('http', 'ws')}/v1/stream?source=en&target=same`),
			);
			for (const stream of streams) {
				await stream.until('session.created');
				for (let start = 0; start < samples.length; start += 16_000) {
					stream.socket.send(samples.slice(start, start + 16_000));
				}
			}
			// All of it is at the server, and much is still to be heard.
			const audioSeconds = (): Promise<number> => readFigure(url, 'infinisst_audio_seconds_total');
			const all = 8 * (samples.length / 16_000);
			await vi.waitFor(async () => expect(await audioSeconds()).toBeCloseTo(all, 0), {
				timeout: 60_000,
				interval: 20,
			});
			const heardMs = streams.map(({messages}) =>
				Math.max(0, ...messages.map(event => (event.type === 'lag' ? event.audio_ms : 0))),
			);
			expect(Math.min(...heardMs)).toBeLessThan(samples.length / 16 - 1000);
			child.kill('SIGTERM');
			for (const stream of streams) {
				expect((await stream.closed).code).toBe(1001);
				expect(stream.messages.at(-1)).toMatchObject({type: 'done'});
				expect(stream.messages.at(-2)).toMatchObject({
					type: 'usage',
					audio_ms: Math.round(samples.length / 16),
				});
				const text = textOfStream(stream.messages)
					.toLowerCase()
					.replaceAll(/[.,;:]/g, '');
				expect(text).toContain('ask not what your country can do for you');
				expect(text).toContain('what you can do for your country');
			}
			expect(await exited).toEqual([0, null]);
		});

		it('ends at once at a second signal', async () => {
			const {child, url, exited, logged} = await startServer();
			const stream = openRawSocket(`${url.replace('http', 'ws')}/v1/stream?source=en&target=same`);
			await stream.until('session.created');
			// Speech, which takes seconds to translate: what is none is passed over within the time of one signal.
			const samples = await readClip('audio/dev/en_jfk.flac');
			for (let count = 0; count < 30; count++) stream.socket.send(samples);
			await stream.until('lag');
			child.kill('SIGTERM');
			await logged('draining');
			// Again and again: a second one so soon after the first is taken for the same.
			const again = setInterval(() => child.kill('SIGTERM'), 300);
			onTestFinished(() => clearInterval(again));
			expect(await exited).toEqual([null, 'SIGTERM']);
		});

		it('reads the configuration again at SIGHUP, and goes on', async () => {
			const {child, cwd, url, exited, logged} = await startServer();
			await writeFile(join(cwd, 'infinisst.config.json'), '{"limits": {"requestsPerSecond": 7}}');
			child.kill('SIGHUP');
			await logged('configuration read again');
			await writeFile(join(cwd, 'infinisst.config.json'), '{"limits": {"requestsPerSecond": -7}}');
			child.kill('SIGHUP');
			await logged('the configuration was not read again: all stays as it was');
			expect((await fetch(`${url}/livez`)).status).toBe(200);
			child.kill('SIGINT');
			expect(await exited).toEqual([0, null]);
		});

		it('refuses a port that another server has', async () => {
			const {url} = await startServer();
			const {port} = new URL(url);
			const second = await runProgram(['serve', '--port', port, '--no-history', '--log-level', 'silent']);
			expect(second).toMatchObject({exitCode: 2, stdout: ''});
			expect(second.stderr).toMatch(
				new RegExp(
					`^infinisst: Cannot listen on 127\\.0\\.0\\.1:${port}: another program listens there\\.[^\\n]*\\n$`,
				),
			);
		});
	});
});

describe('infinisst serve', () => {
	it('refuses a configuration that is wrong, before it loads anything', async () => {
		const cwd = await temporaryDirectory();
		await writeFile(join(cwd, 'infinisst.config.json'), '{\n\t"limits": {"maxSesions": 4}\n}\n');
		expect(await runProgram(['serve'], {cwd})).toEqual({
			exitCode: 2,
			stdout: '',
			stderr: `infinisst: ${join(cwd, 'infinisst.config.json')}: there is no setting "limits.maxSesions" (line 2). Did you mean limits.maxSessions?\n`,
		});
	});
});
