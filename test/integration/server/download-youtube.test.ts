import {readdir} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {afterEach, beforeAll, beforeEach, expect, it} from 'vitest';

import {openMediaServer, type MediaServer, type MediaServerOptions} from '../../helpers/media-server.js';
import {describeWithYtDlp} from '../../helpers/programs.js';
import {hasShared, sharedPath} from '../../helpers/shared.js';
import {makeDashPages, makeVideo, openVideoSite, type VideoSite} from '../../helpers/video-site.js';

describeWithYtDlp('POST /download_youtube', ({ytDlpPath, ffmpegPath}) => {
	const environment = {...process.env, INFINISST_YT_DLP: ytDlpPath};
	let video: Buffer;
	let before: readonly string[];

	beforeAll(async () => {
		expect(hasShared).toBe(true);
		video = await makeVideo(ffmpegPath, sharedPath('audio/dev/en_jfk.flac'), {seconds: 5});
	});

	beforeEach(async () => {
		before = await leftovers();
	});

	afterEach(async () => {
		expect(await leftovers()).toEqual(before);
	});

	it('answers with the video, through the proxy only', async () => {
		const site = await openVideoSite(video);
		const server = await open();
		const response = await post(server, {url: `${site.url}/clip.mp4`});
		expect(response.status).toBe(200);
		expect(response.headers.get('content-type')).toBe('video/mp4');
		expect(response.headers.get('content-length')).toBe(String(video.length));
		expect(Buffer.from(await response.arrayBuffer()).equals(video)).toBe(true);
		expect(site.requests.length).toBeGreaterThan(0);
	});

	it('puts picture and sound together when a site has them apart', async () => {
		const {url} = await openVideoSite(video, {pages: await makeDashPages(ffmpegPath, video)});
		const server = await open();
		const response = await post(server, {url: `${url}/clip.mpd`});
		expect(response.headers.get('content-type')).toBe('video/mp4');
		const body = Buffer.from(await response.arrayBuffer());
		expect(body.subarray(4, 8).toString()).toBe('ftyp');
		expect(body.length).toBeGreaterThan(video.length / 2);
	});

	it('takes the url from the query and from a form, too', async () => {
		const site = await openVideoSite(video);
		const server = await open();
		const query = await fetch(
			`${server.url}/download_youtube?url=${encodeURIComponent(`${site.url}/clip.mp4`)}`,
			{
				method: 'POST',
			},
		);
		expect(query.headers.get('content-type')).toBe('video/mp4');
		await query.arrayBuffer();
		const form = await fetch(`${server.url}/download_youtube`, {
			method: 'POST',
			body: new URLSearchParams({url: `${site.url}/clip.mp4`}),
		});
		expect(form.headers.get('content-type')).toBe('video/mp4');
		await form.arrayBuffer();
	});

	it.each([
		['ftp://127.0.0.1/clip.mp4', /Addresses of ftp: are not fetched/],
		['file:///etc/passwd', /Addresses of file: are not fetched/],
		['--exec=id', /no web address/],
		['ytsearch:talk', /Addresses of ytsearch: are not fetched/],
		['https://example.org/clip.mp4', /Videos of example.org are not fetched here. Allowed are: 127.0.0.1/],
		['https://127.0.0.1.example.org/clip.mp4', /Videos of 127.0.0.1.example.org are not/],
		['https://user:pass@127.0.0.1/clip.mp4', /holds a user name/],
		['http://[::ffff:127.0.0.1]/', /are not fetched here/],
	])('refuses %s', async (url, error) => {
		const server = await open();
		const response = await post(server, {url});
		expect(response.status).toBe(200);
		expect(await response.json()).toEqual(failure(error));
		expect(await server.refused('address')).toBe(1);
	});

	it.each(['http://127.0.0.1', 'http://2130706433', 'http://0x7f.1', 'http://localhost'])(
		'refuses %s, although it is allowed by name, as it leads inside',
		async origin => {
			const site = await openVideoSite(video);
			const server = await open({
				youtube: {allowedHosts: ['127.0.0.1', 'localhost'], allowPrivateAddresses: false},
			});
			const response = await post(server, {url: `${origin}:${new URL(site.url).port}/clip.mp4`});
			expect(await response.json()).toEqual(failure(/inside a network, which is refused/));
			expect(site.requests).toEqual([]);
		},
	);

	it('refuses a name that points inside only from the second question on', async () => {
		const site = await openVideoSite(video);
		let questions = 0;
		const server = await open({
			youtube: {allowedHosts: ['videos.test'], allowPrivateAddresses: false},
			lookup: () => Promise.resolve([questions++ === 0 ? '93.184.216.34' : '127.0.0.1']),
		});
		const response = await post(server, {url: `http://videos.test:${new URL(site.url).port}/clip.mp4`});
		expect(await response.json()).toEqual(failure(/videos.test is an address inside a network/));
		expect(questions).toBeGreaterThan(1);
		expect(site.requests).toEqual([]);
	});

	it('refuses redirects that lead to a host that is not allowed', async () => {
		const inner = await openVideoSite(video);
		const innerUrl = inner.url.replace('127.0.0.1', 'localhost');
		const site = await openVideoSite(video, {
			pages: {
				'/away.mp4': (_request, response) =>
					void response.writeHead(302, {location: `${innerUrl}/clip.mp4`}).end(),
			},
		});
		const server = await open();
		const response = await post(server, {url: `${site.url}/away.mp4`});
		expect(await response.json()).toEqual(failure(/Videos of localhost are not fetched here/));
		expect(site.requests.length).toBeGreaterThan(0);
		expect(inner.requests).toEqual([]);
		expect(await server.refused('address')).toBe(1);
	});

	it('says what yt-dlp says when there is no video', async () => {
		const site = await openVideoSite(video);
		const server = await open();
		const response = await post(server, {url: `${site.url}/nothing.mp4`});
		expect(response.status).toBe(200);
		expect(await response.json()).toEqual(failure(/404/));
	});

	it('refuses a video that says it is too large, and stops one that does not say', async () => {
		const silent = Buffer.concat([video, Buffer.alloc(2_000_000)]);
		const site = await openVideoSite(video, {
			pages: {
				'/silent.mp4': (_request, response) => {
					// Chunked: no length is told.
					response.writeHead(200, {'content-type': 'video/mp4'});
					response.write(silent.subarray(0, 1_000_000));
					response.end(silent.subarray(1_000_000));
				},
			},
		});
		const server = await open({youtube: {maxBytes: 50_000}});
		for (const path of ['/clip.mp4', '/silent.mp4']) {
			const response = await post(server, {url: site.url + path});
			expect(await response.json()).toEqual(failure(/The video is larger than 50.0 kB/));
		}
	});

	it('stops at the time limit', async () => {
		const {server, response} = await stalled({youtube: {timeoutMs: 60_000}});
		server.clock.advance(60_000);
		expect(await (await response).json()).toEqual(failure(/took longer than 60 s/));
	});

	it('stops when the server shuts down', async () => {
		const {server, response} = await stalled();
		server.stop();
		expect(await (await response).json()).toEqual(failure(/The server is shutting down/));
	});

	it('stops when the client has gone, and frees its place', async () => {
		const client = new AbortController();
		const {server, response, site} = await stalled({youtube: {maxParallel: 1}}, client.signal);
		const other = await post(server, {url: `${site.url}/clip.mp4`});
		expect(await other.json()).toEqual(failure(/1 videos are being fetched, which is the limit/));
		client.abort();
		await expect(response).rejects.toThrow();
		// Its place is free once everything of it is gone.
		await expect
			.poll(async () => {
				const next = await post(server, {url: 'https://127.0.0.1:1/clip.mp4'});
				return ((await next.json()) as {error: string}).error;
			})
			.not.toMatch(/which is the limit/);
	});

	it('says how to install yt-dlp where it is missing', async () => {
		const server = await open({environment: {PATH: '/nowhere'}});
		const response = await post(server, {url: 'http://127.0.0.1/clip.mp4'});
		expect(response.status).toBe(200);
		expect(await response.json()).toEqual(failure(/yt-dlp is not installed.*pipx install yt-dlp/));
	});

	it('answers 422 to a url of a wrong type or none', async () => {
		const server = await open();
		expect((await post(server, {url: 5})).status).toBe(422);
		expect((await post(server, {})).status).toBe(422);
	});

	function open(options: MediaServerOptions = {}): Promise<MediaServer> {
		return openMediaServer({
			environment,
			...options,
			youtube: {allowedHosts: ['127.0.0.1'], allowPrivateAddresses: true, ...options.youtube},
		});
	}

	/** A download that does not get on. */
	async function stalled(
		options: MediaServerOptions = {},
		signal?: AbortSignal,
	): Promise<{server: MediaServer; site: VideoSite; response: Promise<Response>}> {
		let onStall!: () => void;
		const hasStalled = new Promise<void>(resolve => (onStall = resolve));
		const site = await openVideoSite(video, {stall: {afterBytes: 40_000, onStall: () => onStall()}});
		const server = await open(options);
		const response = post(server, {url: `${site.url}/clip.mp4`}, signal);
		response.catch(() => undefined);
		await hasStalled;
		return {server, site, response};
	}
});

/** What failed requests answer. */
function failure(error: RegExp): unknown {
	return {success: false, error: expect.stringMatching(error) as unknown};
}

function post(server: MediaServer, body: object, signal?: AbortSignal): Promise<Response> {
	return fetch(`${server.url}/download_youtube`, {
		method: 'POST',
		headers: {'content-type': 'application/json'},
		body: JSON.stringify(body),
		...(signal !== undefined && {signal}),
	});
}

async function leftovers(): Promise<readonly string[]> {
	return (await readdir(tmpdir())).filter(name => name.startsWith('infinisst-video-')).sort();
}
