import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import {fileURLToPath} from 'node:url';
import {beforeAll, describe, expect, it, onTestFinished} from 'vitest';

import {openAudio} from '../../src/core/audio/open-audio.js';
import {wordErrorRate} from '../../src/core/scoring/error-rate.js';
import {ensureDefaultModel, testHome} from '../helpers/default-model.js';
import {programPath, runProgram} from '../helpers/run-program.js';
import {describeWithSoundServer, startSoundServer} from '../helpers/sound-server.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

const kennedy = fileURLToPath(new URL('../../examples/kennedy-1961.flac', import.meta.url));
const kennedyText =
	'And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country.';

beforeAll(ensureDefaultModel);

describe('infinisst translate -, with the default model', () => {
	it('prints the first words of a pipe before the last were sent', async () => {
		const bytes = await readFile(kennedy);
		const child = spawn(process.execPath, [programPath, 'translate', '-', '--to', 'same', '--quiet'], {
			env: {...process.env, INFINISST_HOME: testHome},
		});
		onTestFinished(() => void child.kill('SIGKILL'));
		// Seven of eleven seconds; the rest is held back until there is text.
		child.stdin.write(bytes.subarray(0, bytes.length * 0.65));
		const [first] = (await once(child.stdout, 'data')) as [Buffer];
		expect(String(first)).toMatch(/^And so/);
		child.stdin.end(bytes.subarray(bytes.length * 0.65));
		expect(wordErrorRate(kennedyText, String(first) + (await text(child.stdout))).rate).toBeLessThan(0.1);
	});

	it('hears a file at its pace', async () => {
		const flags = ['--live', '--speed', '10', '--to', 'same', '--quiet'];
		const {exitCode, stdout} = await runProgram(['translate', kennedy, ...flags]);
		expect(exitCode).toBe(0);
		expect(wordErrorRate(kennedyText, stdout).rate).toBeLessThan(0.1);
	});
});

describeWithSoundServer('infinisst translate --mic', () => {
	it('hears what a loudspeaker plays, and at Ctrl-C prints the rest and completes the subtitles', async () => {
		const {samples} = await openAudio({kind: 'file', path: kennedy}, {});
		const clip: number[] = [];
		for await (const block of samples) clip.push(...block);
		const server = await startSoundServer();
		const cwd = await temporaryDirectory();
		const flags = ['--mic', '--to', 'same', '--latency', '1', '--subtitles', 'talk.vtt'];
		const child = spawn(process.execPath, [programPath, 'translate', ...flags], {
			cwd,
			env: {...server.environment, INFINISST_HOME: testHome},
		});
		onTestFinished(() => void child.kill('SIGKILL'));
		const [stdout, stderr, closed] = [text(child.stdout), text(child.stderr), once(child, 'close')];
		// It says so when it listens; the sound server may be slower.
		await once(child.stderr, 'data');
		while ((await server.countRecordings()) === 0);
		await server.play(Float32Array.from([...clip, ...new Array<number>(16_000).fill(0)]));
		child.kill('SIGINT');
		expect(await closed).toEqual([130, null]);
		expect(wordErrorRate(kennedyText, await stdout).rate).toBeLessThan(0.1);
		expect(await stderr).toMatch(
			/^Listening to Monitor of Test_Speaker\.\nMonitor of Test_Speaker: 0:1\d heard/,
		);
		expect(await readFile(join(cwd, 'talk.vtt'), 'utf8')).toMatch(/^WEBVTT\n\n00:.*country\.\n\n$/s);
		expect(await server.countRecordings()).toBe(0);
	});
});
