import {mkdir, readdir, readFile, symlink} from 'node:fs/promises';
import {join} from 'node:path';
import {beforeAll, expect, it, onTestFinished} from 'vitest';

import {openModelStore} from '../../../src/core/models/model-store.js';
import {systemClock} from '../../../src/core/util/clock.js';
import {DEFAULT_SERVER_SETTINGS} from '../../../src/server/default-server-settings.js';
import {openModelHost} from '../../../src/server/models/open-model-host.js';
import {createSessionHost} from '../../../src/server/sessions/create-session-host.js';
import type {ServerSettings} from '../../../src/server/server-settings.js';
import {ask, get, init, PageSocket} from '../../helpers/compatible-client.js';
import {ensureDefaultModel, testHome} from '../../helpers/default-model.js';
import {startFakeHub, type FakeHub} from '../../helpers/fake-hub.js';
import {openTestServer} from '../../helpers/open-test-server.js';
import {fixtureFolder} from '../../helpers/random-translation-model.js';
import {readClip} from '../../helpers/read-clip.js';
import {describeWithShared, sharedPath} from '../../helpers/shared.js';
import {openRawSocket} from '../../helpers/stream-server.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';
import {describeWithWhisperBase} from '../../helpers/whisper-base.js';

const NAMES = ['Chinese', 'German', 'Italian', 'Spanish'];

/** A small model of texts that has learned nothing, as the hub has it. */
async function readExported(): Promise<Record<string, Buffer>> {
	const files: Record<string, Buffer> = {};
	for (const [folder, below] of [
		['marian', ''],
		['marian-hub', ''],
		['marian-hub', 'onnx/'],
	] as const) {
		for (const entry of await readdir(join(fixtureFolder(folder), below), {withFileTypes: true})) {
			if (!entry.isFile() || /^(golden|tokens|tokenizer_config)\.json$/.test(entry.name)) continue;
			files[below + entry.name] = await readFile(join(fixtureFolder(folder), below, entry.name));
		}
	}
	return files;
}

/** A server with whisper-base and no model of texts, which it fetches from a hub of the test's own. */
async function startServer(endpoint: string, change: Partial<ServerSettings> = {}) {
	const rootDirectory = await temporaryDirectory();
	await mkdir(join(rootDirectory, 'models'));
	await symlink(join(testHome, 'models', 'whisper-base'), join(rootDirectory, 'models', 'whisper-base'));
	const store = openModelStore({
		rootDirectory,
		hub: {endpoint, delay: () => Promise.resolve(), stallTimeoutMs: 500},
	});
	const settings: ServerSettings = {...DEFAULT_SERVER_SETTINGS, workers: 1, models: [], ...change};
	const models = await openModelHost({store, settings: () => settings});
	onTestFinished(() => models.destroy());
	const sessions = createSessionHost({models, settings: () => settings, clock: systemClock});
	return openTestServer({parts: parts => ({...parts, models, sessions})});
}

async function readPair(url: string, pair: string): Promise<unknown> {
	const {pairs} = (await get(url, '/languages')) as {pairs: {language_pair: string}[]};
	return pairs.find(({language_pair}) => language_pair === pair);
}

describeWithShared('a pair out of English', () => {
	describeWithWhisperBase('behind whisper-base', () => {
		let hub: FakeHub;
		beforeAll(async () => {
			await ensureDefaultModel();
			const files = await readExported();
			hub = await startFakeHub({'Xenova/opus-mt-en-de': {files}, 'Xenova/opus-mt-en-es': {files}});
			return () => hub.close();
		}, 300_000);

		it('is offered with the size of what must be fetched, fetched when it is asked for, and translated', async () => {
			const {url} = await startServer(hub.endpoint);
			for (const name of NAMES) {
				expect(await readPair(url, `English -> ${name}`)).toMatchObject({
					status: 'needs_download',
					download_bytes: 113_000_000,
				});
			}

			const answer = await ask(url, '/init', {query: {language_pair: 'English -> German'}});
			expect(answer).toMatchObject({initializing: true, queued: false});
			const page = await new PageSocket(url, answer['session_id'] as string).open();
			await page.waitFor('INITIALIZING:');
			expect(page.text).toBe('');
			await page.waitFor('READY:');
			await page.play(await readClip('audio/dev/en_jfk.flac'));
			expect(await page.finish()).not.toBe('');
			expect(page.frames.filter(frame => frame.startsWith('ERROR:'))).toEqual([]);
			expect(page.frames.some(frame => frame.startsWith('INITIALIZING: Fetching opus-mt-en-de'))).toBe(true);
			expect(await readPair(url, 'English -> German')).toMatchObject({
				status: 'loaded',
				model: 'whisper-base+opus-mt-en-de',
				download_bytes: 0,
			});
			// It hears, too, and is there.
			const health = (await get(url, '/health')) as {ray_stats: {stats?: unknown}};
			expect(JSON.stringify(health)).toContain('whisper-base+opus-mt-en-de');
			const one = await fetch(`${url}/v1/models/${encodeURIComponent('whisper-base+opus-mt-en-de')}`);
			expect(await one.json()).toMatchObject({id: 'whisper-base+opus-mt-en-de', state: 'loaded'});

			// What hears in it serves recordings as well.
			const form = new FormData();
			form.append('model', 'whisper-base+opus-mt-en-de');
			form.append('file', new Blob([await readFile(sharedPath('audio/dev/en_jfk.flac'))]), 'jfk.flac');
			const transcription = await fetch(`${url}/v1/audio/transcriptions`, {method: 'POST', body: form});
			expect(await transcription.json()).toMatchObject({
				text: expect.stringContaining('ask not what your country') as string,
			});

			const both = await ask(url, '/load_model', {json: {language_pair: 'English -> German, Spanish'}});
			expect(both).toMatchObject({message: 'whisper-base+opus-mt-en-de+opus-mt-en-es is loaded'});
		}, 120_000);

		it.each([
			['the hub is down', 'http://127.0.0.1:9', {}, 'opus-mt-en-it'],
			['it is not to be had', undefined, {}, 'opus-mt-en-it'],
			['nothing may be fetched', undefined, {download: false}, 'infinisst models pull opus-mt-en-it'],
		] as const)('fails with one clear sentence where %s', async (_title, endpoint, settings, words) => {
			const server = await startServer(endpoint ?? hub.endpoint, settings);
			const {url} = server;
			const id = await init(url, {language_pair: 'English -> Italian'});
			const page = await new PageSocket(url, id).open();
			expect(await page.closed.promise).toMatchObject({code: expect.any(Number) as number});
			const rest = page.frames.filter(frame => !frame.startsWith('INITIALIZING:'));
			expect(rest).toEqual([expect.stringMatching(/^ERROR: .+/)]);
			expect(rest[0]).toContain(words);
			expect(await get(url, `/queue_status/${encodeURIComponent(id)}`)).toMatchObject({
				status: 'not_found',
				error: rest[0]!.slice('ERROR: '.length),
			});
			const {socketUrl} = server;
			const stream = openRawSocket(`${socketUrl}/v1/stream?source=en&target=it`);
			expect(await stream.until('error')).toMatchObject({fatal: true, code: 'MODEL_UNAVAILABLE'});
			await stream.closed;
			// It is what a client wanted, not what the server needs.
			expect(await get(url, '/health')).toMatchObject({status: 'healthy'});
		});
	});
});
