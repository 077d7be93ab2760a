import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';

import {ApiClient} from '../../src/compat/api-client.js';
import {selectGroups} from '../../src/compat/checks.js';
import {runChecks} from '../../src/compat/run-checks.js';
import {readSpeech} from '../../src/compat/speech.js';
import {openTestServer} from '../helpers/open-test-server.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

describe('our server', () => {
	it('keeps every rule of the API that can be judged from outside', async () => {
		const videoDirectory = join(await temporaryDirectory(), 'videos');
		await mkdir(videoDirectory);
		await writeFile(join(videoDirectory, 'clip.mp4'), 'a clip');
		const languages = ['en', 'zh', 'it', 'de', 'es'];
		const {url, models} = await openTestServer({
			models: {
				models: [
					{name: 'loaded', sourceLanguages: languages, targets: languages},
					{name: 'installed', isLoaded: false, sourceLanguages: ['en'], targets: ['same']},
				],
			},
			settings: {
				videoDirectories: [videoDirectory],
				limits: {maxSessions: 8, maxQueued: 8, sessionsPerKey: 100, requestsPerSecond: 0},
			},
		});
		// Once somebody asks for it.
		const loading = models.finishLoading('installed');
		const client = new ApiClient(new URL(url));
		const {signal} = new AbortController();
		const parts = {
			client,
			languagePair: 'English -> German',
			speech: await readSpeech('english', signal),
			settings: {
				timeoutMs: 15_000,
				quietMs: 200,
				speed: 50,
				maxSessions: 20,
				idleMs: undefined,
				testVideo: 'clip.mp4',
				videoUrl: undefined,
			},
		};
		const notPassed: unknown[] = [];
		try {
			const checks = selectGroups().flatMap(group => group.checks);
			for await (const {check, outcome} of runChecks(checks, parts, signal)) {
				if (outcome.status !== 'passed') notPassed.push({id: check.id, ...outcome});
			}
		} finally {
			await client.close();
		}

		await loading;
		expect(notPassed).toEqual([
			// Five minutes.
			{id: 'ping.idle', status: 'skipped', reason: expect.any(String) as string},
			// Nothing can be fetched from outside in a test.
			{id: 'youtube.video', status: 'skipped', reason: expect.any(String) as string},
		]);
	});
});
