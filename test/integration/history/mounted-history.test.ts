import {mkdtemp, rm} from 'node:fs/promises';
import {createServer, request as openRequest, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {beforeAll, describe, expect, it, onTestFinished} from 'vitest';

import {createHistoryListener} from '../../../src/history/http/history-listener.js';
import {EventBatch} from '../../../src/history/ingest/event-batch.js';
import {openMountedHistory} from '../../../src/history/mount/open-mounted-history.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {hashApiKey} from '../../../src/server/config/hash-api-key.js';
import {HISTORY_PATH} from '../../../src/server/history/mounted-history.js';
import {makeTaskEvents, testCluster} from '../../helpers/history.js';
import {openTestServer, type TestServer, type TestServerOptions} from '../../helpers/open-test-server.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const SESSION = '/c/default/test/session_test';
const TASKS = 10_000;

let path: string;

beforeAll(async () => {
	const folder = await mkdtemp(join(tmpdir(), 'infinisst-test-'));
	path = join(folder, 'history.db');
	const store = await openHistory({path, survivesPowerCut: false});
	const sessionId = store.openSession(testCluster, 'session_test');
	const batch = new EventBatch();
	for (const event of makeTaskEvents(0, TASKS)) batch.add(event, 'test', 'none');
	store.write(sessionId, {events: batch});
	store.close();
	return () => rm(folder, {recursive: true, force: true});
});

async function openServer(options: TestServerOptions = {}): Promise<TestServer> {
	const mountedHistory = await openMountedHistory({path, basePath: HISTORY_PATH});
	onTestFinished(() => mountedHistory.close());
	return openTestServer({parts: parts => ({...parts, mountedHistory}), ...options});
}

/** The listener in this thread, to compare with. */
async function listenHere(): Promise<string> {
	const store = await openHistory({path});
	return listen(createHistoryListener({store}), () => store.close());
}

async function listen(listener: RequestListener, onEnd: () => void): Promise<string> {
	const server = createServer(listener);
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	onTestFinished(() => {
		server.close();
		server.closeAllConnections();
		onEnd();
	});
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Sends the path as it is: fetch() would tidy it up. */
function getRaw(url: string, target: string): Promise<number> {
	return new Promise((resolve, reject) => {
		const {hostname, port} = new URL(url);
		openRequest({hostname, port, path: target}, response => {
			response.resume();
			resolve(response.statusCode!);
		})
			.on('error', reject)
			.end();
	});
}

describe('the history of a server', () => {
	it('is answered below /history/ as it is by itself', async () => {
		const {url} = await openServer();
		const alone = await listenHere();
		const addresses = [
			'/api/v0/tasks?limit=3&detail=1',
			'/api/v0/tasks?filter_keys=name&filter_predicates=%3D&filter_values=f&limit=2',
			'/api/jobs/',
			'/nodes?view=summary',
			'/api/v0/tasks?limit=10001',
			'/nowhere',
		];
		for (const address of addresses) {
			const [seen, expected] = await Promise.all([
				fetch(`${url}/history${SESSION}${address}`),
				fetch(`${alone}${SESSION}${address}`),
			]);
			expect([address, seen.status, await seen.text()]).toEqual([
				address,
				expected.status,
				await expected.text(),
			]);
			expect(seen.headers.get('content-type')).toBe(expected.headers.get('content-type'));
		}
		const first = await fetch(`${url}/history${SESSION}/api/v0/tasks?limit=500`);
		expect(first.headers.get('content-encoding')).not.toBeNull();
		const headers = {'if-none-match': first.headers.get('etag')!};
		expect((await fetch(first.url, {headers})).status).toBe(304);
		const head = await fetch(first.url, {method: 'HEAD'});
		expect([head.status, await head.text()]).toEqual([200, '']);
		// The server's own addresses are what they were.
		expect((await fetch(`${url}/nodes?view=summary`)).status).toBe(404);
		expect((await fetch(`${url}/livez`)).status).toBe(200);
	});

	it('leads by its links, redirects and cookies to addresses below /history/ only', async () => {
		const {url} = await openServer();
		const page = await fetch(`${url}/history`);
		expect([page.url, page.status]).toEqual([`${url}/history/`, 200]);
		const links = [...(await page.text()).matchAll(/href="([^"]+)"/g)].map(([, address]) => address!);
		expect(links).toContain(`/history${SESSION}/`);
		const jobs = await fetch(`${url}/history${SESSION}/`);
		expect(jobs.headers.get('content-security-policy')).toContain("default-src 'none'");
		links.push(...[...(await jobs.text()).matchAll(/(?:href|action)="([^"]+)"/g)].map(([, to]) => to!));
		for (const link of links) expect(link).toMatch(/^\/history\//);
		const entered = await fetch(`${url}/history/enter_cluster/default/test/session_test?redirect=true`, {
			redirect: 'manual',
		});
		expect(entered.headers.get('location')).toBe('/history/');
		const cookies = entered.headers.getSetCookie();
		expect(cookies).toHaveLength(5);
		for (const cookie of cookies) expect(cookie).toContain('; Path=/history/; HttpOnly');
		const cookie = cookies.map(text => text.split(';')[0]).join('; ');
		expect((await fetch(`${url}/history/api/jobs/`, {headers: {cookie}})).status).toBe(200);
		const linked = await fetch(`${url}/history${SESSION}`, {redirect: 'manual'});
		expect(linked.headers.get('location')).toBe(`/history${SESSION}/`);
		const left = await fetch(`${url}/history/logout`, {redirect: 'manual'});
		expect(left.headers.get('location')).toBe('/history/homepage');
	});

	it('opens with a key where the server does, and never tells it on', async () => {
		const key = 'a-key-of-this-test';
		const {url} = await openServer({settings: {apiKeys: [hashApiKey(key, 'the test')]}});
		for (const address of ['/history', '/history/', `/history${SESSION}/api/jobs/`, '/history/livez']) {
			expect([address, (await fetch(url + address)).status]).toEqual([address, 401]);
		}
		const opened = await fetch(`${url}/history${SESSION}/pages/tasks?api_key=${key}&limit=5`);
		expect(opened.status).toBe(200);
		expect(await opened.text()).not.toContain(key);
		const headers = {authorization: `Bearer ${key}`};
		expect((await fetch(`${url}/history${SESSION}/api/jobs/`, {headers})).status).toBe(200);
	});

	it('is left by no address', async () => {
		const {url} = await openServer();
		const addresses = [
			'/..%2f..%2fetc/passwd',
			'/%2e%2e/%2e%2e/etc/passwd',
			'/%252e%252e%252fpasswd',
			'/..\\x',
		];
		for (const address of addresses) {
			expect([address, await getRaw(url, `/history${SESSION}${address}`)]).toEqual([address, 400]);
		}
		expect(await getRaw(url, '/historyx')).toBe(404);
	});

	it('is not there unless it was asked for', async () => {
		const {url} = await openTestServer();
		expect((await fetch(`${url}/history/`)).status).toBe(404);
	});

	it('holds up nothing else while an answer is made from all tasks', async () => {
		const address = `${SESSION}/api/v0/tasks/summarize?summary_by=lineage`;
		const mounted = await openServer();
		const alone = await listenHere();
		const gapsOf = async (base: string): Promise<number> => {
			const gaps: number[] = [];
			// Of several, as the machine has other things to do.
			for (let attempt = 0; attempt < 3; attempt++) {
				let isOver = false;
				let longestMs = 0;
				let lastMs = performance.now();
				const turn = (): void => {
					const nowMs = performance.now();
					longestMs = Math.max(longestMs, nowMs - lastMs);
					lastMs = nowMs;
					if (!isOver) setImmediate(turn);
				};
				turn();
				// Made anew each time: what was asked in these words is kept.
				const answer = await fetch(`${base}${address}&attempt=${attempt}`);
				expect(answer.status).toBe(200);
				await answer.arrayBuffer();
				isOver = true;
				gaps.push(longestMs);
			}
			return Math.min(...gaps);
		};
		// Each has what it knows in memory.
		const [own, other] = [await gapsOf(`${mounted.url}/history`), await gapsOf(alone)];
		expect(own).toBeLessThan(other / 2);
	});

	it('gives back what a client that went away half-way took, and answers the next', async () => {
		const {url} = await openServer();
		const stop = new AbortController();
		const address = `${url}/history${SESSION}/api/v0/tasks?limit=${TASKS}&detail=1`;
		const answer = await fetch(address, {signal: stop.signal});
		await answer.body!.getReader().read();
		stop.abort();
		expect((await fetch(`${url}/history${SESSION}/api/jobs/`)).status).toBe(200);
	});

	it('says at the start why it cannot be shown', async () => {
		await expect(
			openMountedHistory({path: await temporaryDirectory(), basePath: HISTORY_PATH}),
		).rejects.toMatchObject({code: 'INPUT_UNREADABLE'});
	});
});
