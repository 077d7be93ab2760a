import {existsSync} from 'node:fs';
import {readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {downloadFile, type DownloadOptions} from '../../../../../src/core/models/download/download-file.js';
import {openHttpClient, type HttpClient} from '../../../../../src/core/models/download/http-client.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {sha256Of, startFakeHub, type FakeHub} from '../../../../helpers/fake-hub.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';
import {makeBytes} from '../../../../helpers/weights.js';

const WEIGHTS = makeBytes(1_000_000);
const SMALL = Buffer.from('{"a":1}');

describe('downloadFile', () => {
	let hub: FakeHub;
	let client: HttpClient;
	let destination: string;
	let delaysMs: number[];
	let retries: string[];

	beforeEach(async () => {
		hub = await startFakeHub({
			'owner/name': {files: {'model.bin': WEIGHTS, 'config.json': SMALL}, lfs: ['model.bin']},
		});
		client = openHttpClient({stallTimeoutMs: 300});
		destination = join(await temporaryDirectory(), 'model.bin');
		delaysMs = [];
		retries = [];
	});

	afterEach(async () => {
		await client.close();
		await hub.close();
	});

	function download(options: Partial<DownloadOptions> = {}, file = 'model.bin') {
		return downloadFile({
			client,
			url: new URL(`${hub.endpoint}/owner/name/resolve/main/${file}`),
			destination,
			name: file,
			expected: {sizeBytes: WEIGHTS.length, sha256: sha256Of(WEIGHTS)},
			delay: delayMs => {
				delaysMs.push(delayMs);
				return Promise.resolve();
			},
			onRetry: (_attempt, _delayMs, reason) => retries.push(reason),
			...options,
		});
	}

	it('follows the redirect to the content network and leaves the verified file alone', async () => {
		const progress: (readonly [number, number | undefined])[] = [];
		const result = await download({onProgress: (received, total) => progress.push([received, total])});
		expect(result).toEqual({sizeBytes: WEIGHTS.length, sha256: sha256Of(WEIGHTS)});
		expect((await readFile(destination)).equals(WEIGHTS)).toBe(true);
		expect(existsSync(`${destination}.partial`)).toBe(false);
		expect(existsSync(`${destination}.partial.json`)).toBe(false);
		expect(progress[0]).toEqual([0, WEIGHTS.length]);
		expect(progress.at(-1)).toEqual([WEIGHTS.length, WEIGHTS.length]);
		expect(hub.requests.map(request => request.host)).toEqual(['hub', 'cdn']);
	});

	it('sends the token to the hub and never to the host it redirects to', async () => {
		await download({token: 'hf_secret'});
		expect(hub.requests.map(({host, authorization}) => [host, authorization])).toEqual([
			['hub', 'Bearer hf_secret'],
			['cdn', undefined],
		]);
	});

	it('keeps the token across a redirect within the hub', async () => {
		hub.plan('hub', 'config.json', {
			kind: 'redirect',
			location: '/owner/name/resolve/main/config.json',
		});
		await download({token: 'hf_secret', expected: {sha256: sha256Of(SMALL)}}, 'config.json');
		expect(hub.requests.map(request => request.authorization)).toEqual([
			'Bearer hf_secret',
			'Bearer hf_secret',
		]);
	});

	it('goes on after a cut connection with the bytes it lacks, tied to the same version by If-Range', async () => {
		hub.plan('cdn', 'model.bin', {kind: 'cut', afterBytes: 400_000});
		await download();
		const [first, second] = hub.downloadsOf('model.bin');
		expect(first!.range).toBeUndefined();
		const start = Number(/bytes=(\d+)-/.exec(second!.range!)![1]);
		expect(start).toBeGreaterThan(0);
		expect(start).toBeLessThanOrEqual(400_000);
		expect(second!.sentBytes).toBe(WEIGHTS.length - start);
		expect(second!.ifRange).toBe(`"cdn-${sha256Of(WEIGHTS).slice(0, 16)}"`);
		expect((await readFile(destination)).equals(WEIGHTS)).toBe(true);
	});

	it('survives more cuts than it makes attempts, as long as each brings bytes', async () => {
		for (let cut = 0; cut < 9; cut++) hub.plan('cdn', 'model.bin', {kind: 'cut', afterBytes: 90_000});
		await download();
		expect(hub.downloadsOf('model.bin')).toHaveLength(10);
		expect((await readFile(destination)).equals(WEIGHTS)).toBe(true);
	});

	it('goes on in a later call where an aborted one stopped, and leaves no file under the final name', async () => {
		const controller = new AbortController();
		const reason = new Error('enough');
		hub.plan('cdn', 'model.bin', {kind: 'stall', afterBytes: 500_000});
		const aborted = download({
			signal: controller.signal,
			onProgress: received => {
				if (received >= 300_000) controller.abort(reason);
			},
		});
		await expect(aborted).rejects.toBe(reason);
		expect(existsSync(destination)).toBe(false);
		const {size} = await stat(`${destination}.partial`);
		expect(size).toBeGreaterThanOrEqual(300_000);

		const progress: number[] = [];
		await download({onProgress: received => progress.push(received)});
		expect(hub.downloadsOf('model.bin').at(-1)!.range).toBe(`bytes=${size}-`);
		expect(progress[0]).toBe(size);
		expect((await readFile(destination)).equals(WEIGHTS)).toBe(true);
	});

	it('begins anew when the file has changed at the server since the partial was made', async () => {
		await writeFile(`${destination}.partial`, WEIGHTS.subarray(0, 1000));
		await writeFile(`${destination}.partial.json`, JSON.stringify({etag: '"old"', sha256: '0'.repeat(64)}));
		await download();
		expect(hub.downloadsOf('model.bin')[0]!.range).toBeUndefined();
	});

	it('begins anew when the server answers a range with the whole file', async () => {
		hub.plan('cdn', 'model.bin', {kind: 'cut', afterBytes: 400_000});
		hub.plan('cdn', 'model.bin', {kind: 'ignore-range'});
		await download();
		expect(hub.downloadsOf('model.bin')).toHaveLength(2);
		expect((await readFile(destination)).equals(WEIGHTS)).toBe(true);
	});

	it('fetches the file once more when what an earlier run left proves wrong', async () => {
		await writeFile(`${destination}.partial`, makeBytes(500_000, 'rotten'));
		await writeFile(
			`${destination}.partial.json`,
			JSON.stringify({etag: `"cdn-${sha256Of(WEIGHTS).slice(0, 16)}"`, sha256: sha256Of(WEIGHTS)}),
		);
		await download();
		expect(hub.downloadsOf('model.bin').map(request => request.range)).toEqual(['bytes=500000-', undefined]);
		expect((await readFile(destination)).equals(WEIGHTS)).toBe(true);
	});

	it('rejects wrong bytes, after asking once more, and keeps nothing of them', async () => {
		hub.plan('cdn', 'model.bin', {kind: 'wrong-byte', at: 123_456});
		hub.plan('cdn', 'model.bin', {kind: 'wrong-byte', at: 123_456});
		const error = await catchRejection(download());
		expect(error.code).toBe('DOWNLOAD_FAILED');
		expect(error.message).toContain(`not ${sha256Of(WEIGHTS)}`);
		expect(hub.downloadsOf('model.bin')).toHaveLength(2);
		expect(existsSync(destination)).toBe(false);
		expect((await stat(`${destination}.partial`)).size).toBe(0);
	});

	it('accepts the right bytes after wrong ones', async () => {
		hub.plan('cdn', 'model.bin', {kind: 'wrong-byte', at: 5});
		await download();
		expect((await readFile(destination)).equals(WEIGHTS)).toBe(true);
	});

	it('stops reading when more bytes come than the file has', async () => {
		for (let answer = 0; answer < 2; answer++) {
			hub.plan('cdn', 'model.bin', {kind: 'too-many', extraBytes: 100_000});
		}
		const error = await catchRejection(download());
		expect(error.code).toBe('DOWNLOAD_FAILED');
		expect(error.message).toContain('sends more than the 1000000 bytes');
	});

	it('checks a small file against the id git gives it, and takes that from the answer if need be', async () => {
		hub.plan('hub', 'config.json', {kind: 'wrong-byte', at: 3});
		hub.plan('hub', 'config.json', {kind: 'wrong-byte', at: 3});
		const error = await catchRejection(download({expected: {}}, 'config.json'));
		expect(error.message).toContain('git id');
		expect(existsSync(destination)).toBe(false);
	});

	it('takes the sha256 of a large file from the first answer if nobody told it', async () => {
		hub.plan('cdn', 'model.bin', {kind: 'wrong-byte', at: 3});
		hub.plan('cdn', 'model.bin', {kind: 'wrong-byte', at: 3});
		const error = await catchRejection(download({expected: {}}));
		expect(error.message).toContain('sha256');
	});

	it('does not download a file again that has its final name and the right bytes', async () => {
		await writeFile(destination, WEIGHTS);
		await download();
		expect(hub.requests).toHaveLength(0);
	});

	it('downloads a file again that has its final name and wrong bytes', async () => {
		await writeFile(destination, makeBytes(WEIGHTS.length, 'other'));
		await download();
		expect((await readFile(destination)).equals(WEIGHTS)).toBe(true);
	});

	it('waits as long as Retry-After says before it asks again', async () => {
		hub.plan('hub', 'model.bin', {kind: 'status', status: 429, retryAfter: '17'});
		await download();
		expect(delaysMs).toEqual([17_000]);
	});

	it('understands Retry-After as a date', async () => {
		const date = new Date(Date.now() + 60_000).toUTCString();
		hub.plan('hub', 'model.bin', {kind: 'status', status: 503, retryAfter: date});
		await download();
		expect(delaysMs[0]).toBeGreaterThan(50_000);
		expect(delaysMs[0]).toBeLessThanOrEqual(60_000);
	});

	it('gives up at once when the server asks for a wait nobody would sit through', async () => {
		hub.plan('hub', 'model.bin', {kind: 'status', status: 429, retryAfter: '86400'});
		const error = await catchRejection(download());
		expect(error.message).toContain('86400 s');
		expect(delaysMs).toEqual([]);
	});

	it('doubles its waits, with chance in them, and gives up after six attempts', async () => {
		for (let answer = 0; answer < 6; answer++) hub.plan('hub', 'model.bin', {kind: 'status', status: 500});
		const error = await catchRejection(download());
		expect(error.code).toBe('DOWNLOAD_FAILED');
		expect(error.message).toContain('answered 500');
		expect(delaysMs).toHaveLength(5);
		for (const [index, delayMs] of delaysMs.entries()) {
			expect(delayMs).toBeGreaterThanOrEqual(500 * 2 ** index);
			expect(delayMs).toBeLessThanOrEqual(1000 * 2 ** index);
		}
	});

	it.each([
		[401, 'MODEL_UNAVAILABLE', 'HF_TOKEN'],
		[403, 'MODEL_UNAVAILABLE', 'HF_TOKEN'],
		[404, 'MODEL_UNKNOWN', 'Check the name'],
	])('does not ask again after %i', async (status, code, hint) => {
		hub.plan('hub', 'model.bin', {kind: 'status', status});
		const error = await catchRejection(download());
		expect(error.code).toBe(code);
		expect(error.hint).toContain(hint);
		expect(hub.requests).toHaveLength(1);
	});

	it('takes silence for a broken connection and goes on', async () => {
		hub.plan('cdn', 'model.bin', {kind: 'stall', afterBytes: 400_000});
		await download();
		expect(retries).toEqual([expect.stringContaining('stopped sending')]);
		expect(hub.downloadsOf('model.bin')[1]!.range).toMatch(/^bytes=\d+-$/);
		expect((await readFile(destination)).equals(WEIGHTS)).toBe(true);
	});

	it('asks an address where nobody answers only twice', async () => {
		const url = new URL(`${hub.endpoint}/owner/name/resolve/main/model.bin`);
		await hub.close();
		const error = await catchRejection(download({url}));
		expect(error.code).toBe('SOURCE_UNREACHABLE');
		expect(delaysMs).toHaveLength(1);
	});

	it('refuses to be redirected in circles or to something that is no web address', async () => {
		for (let answer = 0; answer < 20; answer++) {
			hub.plan('hub', 'model.bin', {kind: 'redirect', location: '/owner/name/resolve/main/model.bin'});
		}
		expect((await catchRejection(download())).message).toContain('in circles');
		const fresh = await startFakeHub(Object.fromEntries(hub.repositories));
		fresh.plan('hub', 'model.bin', {kind: 'redirect', location: 'file:///etc/passwd'});
		const url = new URL(`${fresh.endpoint}/owner/name/resolve/main/model.bin`);
		expect((await catchRejection(download({url}))).message).toContain('cannot be trusted');
		await fresh.close();
	});

	it('never puts the query of an address, which may be signed, into a message', async () => {
		hub.plan('cdn', 'model.bin', {kind: 'status', status: 403});
		expect((await catchRejection(download())).message).not.toContain('secret');
	});

	it('says so when the folder cannot be written to', async () => {
		const path = join(destination, 'is', 'no', 'folder', 'model.bin');
		await writeFile(destination, '');
		await expect(download({destination: path})).rejects.toThrow();
		expect(existsSync(path)).toBe(false);
	});
});
