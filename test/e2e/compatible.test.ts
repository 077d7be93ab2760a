import {readFile} from 'node:fs/promises';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {beforeAll, expect, it, onTestFinished} from 'vitest';

import {ask, get, init, PageSocket} from '../helpers/compatible-client.js';
import {ensureDefaultModel, testHome} from '../helpers/default-model.js';
import {readClip} from '../helpers/read-clip.js';
import {programPath, runProgram} from '../helpers/run-program.js';
import {describeWithShared, sharedPath} from '../helpers/shared.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';
import {describeWithWhisperBase} from '../helpers/whisper-base.js';

async function startServer(): Promise<string> {
	const flags = ['--port', '0', '--json', '--workers', '1', '--no-history'];
	const child = spawn(process.execPath, [programPath, 'serve', ...flags], {
		cwd: await temporaryDirectory(),
		env: {...process.env, INFINISST_HOME: testHome},
		stdio: ['ignore', 'pipe', 'ignore'],
	});
	onTestFinished(() => void child.kill('SIGKILL'));
	const [line] = (await once(createInterface({input: child.stdout}), 'line')) as [string];
	return (JSON.parse(line) as {url: string}).url;
}

describeWithShared('the compatible API', () => {
	describeWithWhisperBase('with whisper-base', () => {
		beforeAll(ensureDefaultModel);

		it.each([
			['en_jfk.flac', 'English -> English', ['--from', 'en', '--to', 'same']],
			['de_kerstin_dev.flac', 'German -> English', ['--from', 'de', '--to', 'en']],
		])('says the same of %s (%s) as infinisst translate does', async (clip, language_pair, flags) => {
			// A pipe never makes up for lost time, as an evaluated session does not: both texts depend on the audio alone.
			const {stdout} = await runProgram(['translate', '-', ...flags, '--latency', '2', '--quiet'], {
				input: await readFile(sharedPath(`audio/dev/${clip}`)),
			});
			const url = await startServer();
			const id = await init(url, {language_pair, evaluation_mode: true});
			const page = await new PageSocket(url, id).open();
			await page.waitFor('READY:');
			await page.play(await readClip(`audio/dev/${clip}`));
			const text = await page.finish();
			expect(text.split(/\s+/)).toEqual(stdout.trim().split(/\s+/));

			const written = await ask(url, '/export_session_delays', {query: {session_id: id}});
			const [line] = (await readFile(String(written['filepath']), 'utf8')).split('\n');
			const {prediction, delays, source_length} = JSON.parse(line!) as {
				prediction: string;
				delays: number[];
				source_length: number;
			};
			expect(prediction).toBe(text);
			expect(delays).toEqual([...delays].sort((one, other) => one - other));
			expect(delays[0]).toBeLessThan(source_length / 2);
			const {delays: figures} = (await get(url, `/session_delays/${encodeURIComponent(id)}`)) as {
				delays: {stream_laal: number};
			};
			expect(figures.stream_laal).toBeGreaterThan(300);
			expect(figures.stream_laal).toBeLessThan(6000);
		});
	});
});
