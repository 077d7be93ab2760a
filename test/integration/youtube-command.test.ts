import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {beforeAll, describe, expect, it} from 'vitest';

import {main} from '../../src/cli/main.js';
import {RunStop} from '../../src/cli/run-stop.js';
import {createDeferred} from '../../src/core/util/deferred.js';
import {createFakeContext, type FakeContext, type FakeContextParts} from '../helpers/fake-context.js';
import {describeWithYtDlp} from '../helpers/programs.js';
import {createScriptedTranslator, saying} from '../helpers/scripted-translator.js';
import {hasShared, sharedPath} from '../helpers/shared.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';
import {makeVideo, openVideoSite} from '../helpers/video-site.js';

describeWithYtDlp('infinisst youtube', ({ytDlpPath, ffmpegPath}) => {
	let video: Buffer;

	beforeAll(async () => {
		expect(hasShared).toBe(true);
		video = await makeVideo(ffmpegPath, sharedPath('audio/dev/en_jfk.flac'), {seconds: 5});
	});

	it('keeps the video under its title and prints where', async () => {
		const site = await openVideoSite(video);
		const {context, cwd} = await open();
		expect(await main(['youtube', `${site.url}/clip.mp4`], context)).toBe(0);
		const path = join(cwd, 'clip [clip].mp4');
		expect(context.stdout.text).toBe(`${path}\n`);
		expect((await readFile(path)).equals(video)).toBe(true);
	});

	it('keeps it where --output says, also with a percent sign', async () => {
		const site = await openVideoSite(video);
		const {context, cwd} = await open();
		expect(await main(['youtube', `${site.url}/clip.mp4`, '--output', 'talks/100%.mp4'], context)).toBe(0);
		expect(await readdir(join(cwd, 'talks'))).toEqual(['100%.mp4']);
	});

	it('keeps the sound alone when the name is one of sound', async () => {
		const site = await openVideoSite(video);
		const {context, cwd} = await open();
		expect(await main(['youtube', `${site.url}/clip.mp4`, '--output', 'talk.m4a'], context)).toBe(0);
		expect(await readdir(cwd)).toContain('talk.m4a');
		expect((await readFile(join(cwd, 'talk.m4a'))).length).toBeLessThan(video.length);
	});

	it('goes on where a server has cut the connection', async () => {
		const site = await openVideoSite(video, {cuts: [2000, 30_000]});
		const {context, cwd} = await open();
		expect(await main(['youtube', `${site.url}/clip.mp4`, '--output', 'talk.mp4'], context)).toBe(0);
		expect((await readFile(join(cwd, 'talk.mp4'))).equals(video)).toBe(true);
		expect(site.requests.map(({range}) => range)).toContain('bytes=30000-');
	});

	it('goes on where it was interrupted when it is run again', async () => {
		const hasStalled = createDeferred<undefined>();
		const stalled = await openVideoSite(video, {
			stall: {afterBytes: 40_000, onStall: () => hasStalled.resolve(undefined)},
		});
		const {context, cwd} = await open();
		const run = main(['youtube', `${stalled.url}/clip.mp4`, '--output', 'talk.mp4'], context);
		await hasStalled.promise;
		await expect.poll(() => partBytes(cwd)).toBeGreaterThan(0);
		context.stop(RunStop.interrupted());
		expect(await run).toBe(130);
		const before = await partBytes(cwd);

		const site = await openVideoSite(video);
		const again = await open({cwd});
		expect(await main(['youtube', `${site.url}/clip.mp4`, '--output', 'talk.mp4'], again.context)).toBe(0);
		expect((await readFile(join(cwd, 'talk.mp4'))).equals(video)).toBe(true);
		expect(site.requests.map(({range}) => range)).toContain(`bytes=${before}-`);
	});

	it('translates what it fetched, writes the text, and keeps nothing else', async () => {
		const site = await openVideoSite(video);
		const {context, cwd, home} = await open({translator: createScriptedTranslator(saying('Ask not.'))});
		const argv = ['youtube', `${site.url}/clip.mp4`, '--translate', '--from', 'en', '--to', 'same'];
		expect(await main([...argv, '--output', 'talk.srt'], context)).toBe(0);
		expect(await readFile(join(cwd, 'talk.srt'), 'utf8')).toMatch(/^1\n00:00:0/);
		expect(await readdir(join(home, 'downloads'))).toEqual([]);
	});

	it('keeps the video and prints the text when both are wanted', async () => {
		const site = await openVideoSite(video);
		const {context, cwd} = await open({translator: createScriptedTranslator(saying('Ask not.'))});
		expect(
			await main(['youtube', `${site.url}/clip.mp4`, '--translate', '--output', 'talk.mp4'], context),
		).toBe(0);
		expect(await readdir(cwd)).toContain('talk.mp4');
		expect(context.stdout.text).toBe('Ask not.\n');
	});

	it('prints events with --json', async () => {
		const site = await openVideoSite(video);
		const {context, cwd} = await open();
		expect(await main(['youtube', `${site.url}/clip.mp4`, '--json'], context)).toBe(0);
		const events = context.stdout.lines.map(line => JSON.parse(line) as {type: string});
		expect(events.at(-1)).toEqual({type: 'download-ended', file: join(cwd, 'clip [clip].mp4')});
		expect(events).toContainEqual({
			type: 'download-progressed',
			receivedBytes: video.length,
			totalBytes: video.length,
		});
	});

	it('tells why a video cannot be fetched', async () => {
		const site = await openVideoSite(video);
		const {context} = await open();
		expect(await main(['youtube', `${site.url}/nothing.mp4`], context)).toBe(2);
		expect(context.stderr.text).toMatch(/^infinisst: The video cannot be fetched: .*404/);
	});

	async function open(
		parts: FakeContextParts = {},
	): Promise<{context: FakeContext; cwd: string; home: string}> {
		const folder = await temporaryDirectory();
		const home = join(folder, 'home');
		const cwd = parts.cwd ?? join(folder, 'here');
		await mkdir(cwd, {recursive: true});
		// What people have set for themselves does not count.
		const settings = join(home, 'yt-dlp');
		await mkdir(settings, {recursive: true});
		await writeFile(join(settings, 'config'), '--output elsewhere.mp4\n');
		const env = {
			PATH: process.env['PATH'] ?? '',
			HOME: home,
			XDG_CONFIG_HOME: home,
			INFINISST_HOME: home,
			INFINISST_YT_DLP: ytDlpPath,
		};
		return {context: createFakeContext({...parts, cwd, env}), cwd, home};
	}
});

async function partBytes(folder: string): Promise<number> {
	const name = (await readdir(folder)).find(file => file.endsWith('.part'));
	return name === undefined ? 0 : (await readFile(join(folder, name))).length;
}

describe('infinisst youtube, before anything is fetched', () => {
	it.each([
		[['talk.mp4'], /"talk.mp4" is no web address/],
		[['file:///etc/passwd'], /is no web address/],
		[['https://videos.test/a', '--to', 'same'], /--to says how to translate. Add --translate/],
		[['https://videos.test/a', '--output', 'a.srt'], /--output a.srt is for text.*Add --translate/],
		[['https://videos.test/a', '--output', 'a.exe'], /has no extension that says what to write/],
		[['https://videos.test/a', '--output', 'a.mp4', '--output', 'b.mkv'], /names two recordings/],
	])('refuses %j', async (parameters, message) => {
		const context = createFakeContext();
		expect(await main(['youtube', ...parameters], context)).toBe(2);
		expect(context.stderr.text).toMatch(message);
	});

	it('says how to install yt-dlp where it is missing', async () => {
		const context = createFakeContext({env: {PATH: '/nowhere'}, cwd: await temporaryDirectory()});
		expect(await main(['youtube', 'https://videos.test/a'], context)).toBe(1);
		expect(context.stderr.text).toMatch(/yt-dlp is not installed.*pipx install yt-dlp/);
	});
});
