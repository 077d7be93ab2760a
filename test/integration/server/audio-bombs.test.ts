import {readdir, readFile} from 'node:fs/promises';
import {beforeEach, expect, it} from 'vitest';

import {DEFAULT_PRECISION} from '../../../src/core/models/precision.js';
import {openChildTranslator} from '../../../src/core/translation/process/child-translator.js';
import {
	makeLyingFlac,
	makeLyingM4a,
	makeLyingWav,
	makeMp3Bomb,
	makeOpusBomb,
} from '../../helpers/audio-bombs.js';
import {openOpenAiServer, type OpenAiServer} from '../../helpers/open-ai-server.js';
import {describeWithWhisperBase, ensureWhisperBase} from '../../helpers/whisper-base.js';

/** What decoding may take beside the model, at most: one block, twice, and what the garbage collector left. */
const MAX_GROWTH_BYTES = 192 * 1024 * 1024;
const ROUTES = ['/v1/audio/transcriptions', '/v1/audio/translations'];

/** The most memory that the process ever had. */
async function readPeakBytes(processId: number): Promise<number> {
	const status = await readFile(`/proc/${processId}/status`, 'utf8');
	return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

describeWithWhisperBase('a small recording that holds very much', () => {
	let server: OpenAiServer;
	let translatorId = 0;
	let started = 0;

	const upload = async (
		route: string,
		name: string,
		bytes: Uint8Array,
		fields: Readonly<Record<string, string>> = {},
	) => {
		const form = new FormData();
		form.set('model', 'whisper-1');
		for (const [field, value] of Object.entries(fields)) form.set(field, value);
		form.set('file', new Blob([bytes]), name);
		const answer = await fetch(`${server.url}${route}`, {method: 'POST', body: form});
		return {status: answer.status, text: await answer.text()};
	};
	const refusals = async (reason: string): Promise<number> => {
		const text = await server.metrics.metrics();
		return Number(
			new RegExp(`^infinisst_refused_total\\{reason="${reason}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0,
		);
	};

	beforeEach(async () => {
		const graphsDirectory = await ensureWhisperBase(DEFAULT_PRECISION);
		started = 0;
		server = await openOpenAiServer({
			limits: {audioSeconds: 120},
			openTranslator: (_folder, signal) =>
				openChildTranslator({
					graphsDirectory,
					signal,
					onStart: id => {
						translatorId = id;
						started++;
					},
				}),
		});
		// The model is loaded, and the process has the memory that it needs anyway.
		expect((await upload(ROUTES[0]!, 'short.wav', makeLyingWav())).status).toBe(200);
	});

	it.each([
		['Ogg Opus that says so', 'talk.ogg', () => makeOpusBomb(40)],
		['Ogg Opus that says it is empty', 'talk.ogg', () => makeOpusBomb(40, {statesLength: false})],
		['MP3', 'talk.mp3', () => makeMp3Bomb(2)],
		['FLAC that is not even there', 'talk.flac', () => makeLyingFlac(1000)],
	])('is refused, in time and in little memory: %s', async (_title, name, make) => {
		const bomb = make();
		expect(bomb.length).toBeLessThan(8 * 1024 * 1024);
		const beforeBytes = await readPeakBytes(translatorId);
		for (const route of ROUTES) {
			const {status, text} = await upload(route, name, bomb);
			expect(status).toBe(413);
			expect(JSON.parse(text)).toMatchObject({
				error: {
					message: `"${name}" holds more than 120 s of audio, which is the most taken here. Cut it into several files.`,
				},
			});
		}
		const streamed = await upload(ROUTES[0]!, name, bomb, {stream: 'true'});
		expect(streamed.status).toBe(413);
		expect(await refusals('body_size')).toBe(3);
		expect((await readPeakBytes(translatorId)) - beforeBytes).toBeLessThan(MAX_GROWTH_BYTES);
		expect(started).toBe(1);
		expect((await readdir(server.uploads, {recursive: true})).length).toBeLessThanOrEqual(1);
	});

	it('is read as far as it goes where it only promises', async () => {
		const beforeBytes = await readPeakBytes(translatorId);
		for (const route of ROUTES) {
			expect(await upload(route, 'talk.wav', makeLyingWav())).toMatchObject({status: 200});
			const {status, text} = await upload(route, 'talk.m4a', makeLyingM4a());
			// Our own reader refuses its index; ffmpeg, where there is one, finds nothing in it.
			expect(`${status}: ${text}`).toMatch(/^(4\d\d: .*talk\.m4a|200: \{"text":"")/);
		}
		expect((await readPeakBytes(translatorId)) - beforeBytes).toBeLessThan(MAX_GROWTH_BYTES);
		expect(started).toBe(1);
	});
});
