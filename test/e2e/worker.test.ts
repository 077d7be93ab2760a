import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {beforeAll, expect, it, onTestFinished} from 'vitest';

import {findBrokenRules} from '../../src/core/engine/testing/event-rules.js';
import {connectChannel} from '../../src/core/engine/transport/connect-channel.js';
import {openRemoteEngine} from '../../src/core/engine/transport/remote-engine.js';
import {parseSocketAddress} from '../../src/core/engine/transport/socket-address.js';
import {runSession} from '../contract/run-session.js';
import {ensureDefaultModel, testHome} from '../helpers/default-model.js';
import {readClip} from '../helpers/read-clip.js';
import {programPath} from '../helpers/run-program.js';
import {describeWithShared} from '../helpers/shared.js';
import {describeWithWhisperBase} from '../helpers/whisper-base.js';

const token = 'a secret';

async function startWorker() {
	const worker = spawn(
		process.execPath,
		[programPath, 'worker', '--listen', '127.0.0.1:0', '--token-stdin', '--exit-with-stdin', '--quiet'],
		{env: {...process.env, INFINISST_HOME: testHome}, stdio: ['pipe', 'pipe', 'inherit']},
	);
	onTestFinished(() => void worker.kill('SIGKILL'));
	worker.stdin.write(`${token}\n`);
	const exited = once(worker, 'exit') as Promise<[number | null]>;
	const [line] = (await once(createInterface({input: worker.stdout}), 'line')) as [string];
	const {address} = JSON.parse(line) as {address: string};
	const engine = await openRemoteEngine(await connectChannel(parseSocketAddress(address), {token}));
	return {worker, exited, engine};
}

describeWithShared('infinisst worker', () => {
	describeWithWhisperBase('with whisper-base', () => {
		beforeAll(ensureDefaultModel);

		it('writes captions for another program, and ends in order when it is asked to', async () => {
			const {worker, exited, engine} = await startWorker();
			const audio = await readClip('audio/dev/en_jfk.flac');
			const options = {sourceLanguage: 'en', targets: ['same']};
			const running = runSession(engine, {audio, options, chunkSamples: 8000});
			// Sessions that run are not ended by this.
			await engine.statistics();
			worker.kill('SIGTERM');
			const events = (await running).flatMap(update => update.events);
			expect(findBrokenRules(events, options)).toEqual([]);
			const text = events.flatMap(event => (event.type === 'text-final' ? [event.text] : [])).join('');
			// Where sentences end is not this test's to judge.
			expect(text.toLowerCase().replaceAll(/[.,]/g, '')).toContain(
				'ask not what your country can do for you',
			);
			expect(await exited).toEqual([0, null]);
		});

		it('ends with its standard input', async () => {
			const {worker, exited, engine} = await startWorker();
			await engine.openSession({sourceLanguage: 'en', targets: ['same']});
			worker.stdin.end();
			expect(await exited).toEqual([0, null]);
			expect((await engine.gone).code).toBe('REPLICA_LOST');
		});
	});
});
