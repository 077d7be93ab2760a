import {mkdir, symlink, writeFile} from 'node:fs/promises';
import {request} from 'node:http';
import {join} from 'node:path';
import {gunzipSync} from 'node:zlib';
import {afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';

import {createCollectListener} from '../../../src/history/collect/collect-listener.js';
import {openDashboardFiles} from '../../../src/history/http/dashboard-files.js';
import {createHistoryListener} from '../../../src/history/http/history-listener.js';
import {listen, type Listening} from '../../../src/history/http/listen.js';
import type {HistoryStore} from '../../../src/history/store/history-store.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {ask, readBody, readRecordedBatches, testCluster} from '../../helpers/history.js';
import {describeWithShared} from '../../helpers/shared.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const SESSION = 'session_2026-11-23_04-47-01_378364_2154';
const here = {host: '127.0.0.1', port: 0} as const;

let store: HistoryStore;
let servers: Listening[];

beforeEach(async () => {
	store = await openHistory({path: ':memory:'});
	servers = [];
});

afterEach(async () => {
	for (const server of servers) await server.close();
	store.close();
});

async function serve(listener: Parameters<typeof listen>[0]): Promise<string> {
	const server = await listen(listener, here);
	servers.push(server);
	return server.url;
}

/** Sends the path as it is: fetch() would tidy it up. */
function getRaw(url: string, path: string): Promise<number> {
	return new Promise((resolve, reject) => {
		const {hostname, port} = new URL(url);
		request({hostname, port, path}, response => {
			response.resume();
			resolve(response.statusCode!);
		})
			.on('error', reject)
			.end();
	});
}

function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
	return fetch(`${url}/v1/events`, {method: 'POST', body, headers});
}

describeWithShared('the history server', () => {
	let recorded: HistoryStore;
	let url: string;

	beforeAll(async () => {
		recorded = await openHistory({path: ':memory:'});
		const collector = await listen(
			createCollectListener({store: recorded, cluster: testCluster, isDraining: () => false}),
			here,
		);
		for (const batch of readRecordedBatches())
			expect((await post(collector.url, JSON.stringify(batch))).status).toBe(200);
		await collector.close();
		const server = await listen(createHistoryListener({store: recorded}), here);
		({url} = server);
		return async () => {
			await server.close();
			recorded.close();
		};
	});

	it('answers from events that were posted, at an address that can be sent on', async () => {
		const answer = await fetch(`${url}/c/default/test/${SESSION}/api/v0/tasks?limit=1`);
		expect(await answer.json()).toMatchObject({data: {result: {total: expect.any(Number) as number}}});
		expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
	});

	it('lets a cluster be chosen by cookies that no script can read, and forgets them', async () => {
		const entered = await fetch(`${url}/enter_cluster/default/raycluster/test/${SESSION}`);
		const cookies = entered.headers.getSetCookie();
		expect(cookies).toHaveLength(5);
		for (const cookie of cookies) expect(cookie).toMatch(/; HttpOnly; SameSite=Lax$/);
		const cookie = cookies.map(text => text.split(';')[0]).join('; ');
		const jobs = await fetch(`${url}/api/jobs/`, {headers: {cookie}});
		expect(jobs.status).toBe(200);
		expect(await jobs.json()).toHaveLength(6);
		expect((await fetch(`${url}/api/jobs/`)).status).toBe(404);
		const left = await fetch(`${url}/logout`, {redirect: 'manual'});
		expect([left.status, left.headers.getSetCookie()[0]]).toEqual([302, 'cluster_name=; Path=/; Max-Age=0']);
		expect((await fetch(`${url}/enter_cluster/default/other/${SESSION}`)).status).toBe(404);
	});

	it('compresses, and answers 304 to what is known until something is written', async () => {
		const address = `${url}/c/default/test/${SESSION}/logical/actors`;
		const first = await fetch(address, {headers: {'accept-encoding': 'identity'}});
		const tag = first.headers.get('etag')!;
		const second = await fetch(address, {headers: {'if-none-match': tag}});
		expect(second.status).toBe(304);
		const {hostname, port} = new URL(url);
		const zipped = await new Promise<Buffer>(resolve => {
			const path = new URL(address).pathname;
			request({hostname, port, path, headers: {'accept-encoding': 'gzip;q=0.5, br;q=0'}}, response => {
				expect(response.headers['content-encoding']).toBe('gzip');
				const chunks: Buffer[] = [];
				response
					.on('data', (chunk: Buffer) => chunks.push(chunk))
					.on('end', () => resolve(Buffer.concat(chunks)));
			}).end();
		});
		expect(gunzipSync(zipped).toString('utf8')).toBe(await first.text());
	});

	it('hides the values of environment variables from browsers only', async () => {
		const address = `${url}/c/default/test/${SESSION}/api/v0/actors?detail=1`;
		// As sent by curl: fetch() itself says what only browsers say.
		const asProgram = readBody(ask(recorded.read(recorded.sessions()[0]!.id), '/api/v0/actors?detail=1'));
		const asBrowser = await (await fetch(address, {headers: {'user-agent': 'Mozilla/5.0'}})).text();
		const secret = String.raw`\"TEAM\": \"ml\"`;
		expect([asProgram.includes(secret), asProgram.includes('<redacted>')]).toEqual([true, false]);
		expect([asBrowser.includes(secret), asBrowser.includes('<redacted>')]).toEqual([false, true]);
	});

	it('refuses to leave a folder, however that is written', async () => {
		const base = `/c/default/test/${SESSION}`;
		for (const path of [
			'/static/../../etc/passwd',
			'/static/%2e%2e/%2e%2e/etc/passwd',
			'/static/..%2f..%2fetc/passwd',
			'/static/%252e%252e%252fetc/passwd',
			'/static/..\\..\\etc/passwd',
			'/static/a%00b',
			'/%zz',
			`${base}/api/v0/logs/file?node_id=x&filename=../../etc/passwd`,
			`${base}/api/v0/logs/file?node_id=x&filename=..%2f..%2fetc/passwd`,
			`${base}/api/v0/logs/file?node_id=x&filename=%252e%252e%252fetc/passwd`,
			`${base}/api/v0/logs?node_id=x&glob=../*`,
			// As other systems, and those who decode once more, would read them.
			'/static/%5c..%5c..%5cwindows%5cwin.ini',
			'/static/..%5c..%5cwindows/win.ini',
			'/static/%255c%252e%252e%255cwindows',
			'/static/%2e%2e%5cetc',
			`${base}/static/..%2f..%2f..%2fetc/passwd`,
			`${base}/pages/..%2f..%2fetc/passwd`,
			`/c/..%2f..%2fetc/test/${SESSION}/`,
			`${base}/api/v0/logs/file?node_id=x&filename=..%5c..%5cwindows%5cwin.ini`,
			`${base}/api/v0/logs/file?node_id=x&filename=%255c..%255cwin.ini`,
			`${base}/api/v0/logs/file?node_id=x&filename=C:%5cwindows%5cwin.ini`,
			`${base}/api/v0/logs/file?node_id=x&filename=C%253A%255cwindows`,
			`${base}/api/v0/logs/file?node_id=x&filename=%5c%5cserver%5cshare%5cfile`,
			`${base}/api/v0/logs/file?node_id=x&filename=a%00b`,
			`${base}/api/v0/logs/stream?node_id=x&filename=../../etc/passwd`,
			`${base}/api/v0/logs?node_id=x&glob=..%5c*`,
			`${base}/api/v0/logs?node_id=x&glob=%252e%252e/*`,
		]) {
			expect([path, await getRaw(url, path)]).toEqual([path, 400]);
		}
	});

	it('has pages of its own that need no script', async () => {
		const home = await (await fetch(`${url}/`)).text();
		expect(home).toContain(`href="/c/default/test/${SESSION}/"`);
		for (const page of ['', 'pages/tasks?state=FAILED', 'pages/actors', 'pages/nodes', 'pages/logs']) {
			const answer = await fetch(`${url}/c/default/test/${SESSION}/${page}`);
			expect([page, answer.status]).toEqual([page, 200]);
			expect(await answer.text()).not.toContain('<script');
		}
	});

	it('answers what the dashboard asks first as the head did', async () => {
		const base = `${url}/c/default/test/${SESSION}`;
		expect((await fetch(`${base}/api/v0/platform_events`, {method: 'HEAD'})).status).toBe(404);
		expect((await fetch(`${base}/api/grafana_health`)).status).toBe(500);
		expect((await fetch(`${base}/api/nosuch`)).status).toBe(404);
		expect((await fetch(`${base}/api/jobs/`, {method: 'POST'})).status).toBe(405);
	});
});

describe('a cluster', () => {
	it('is read with its token only, where it has one', async () => {
		store.openSession(testCluster, SESSION);
		const url = await serve(createHistoryListener({store}));
		store.setClusterToken(testCluster, 'open sesame');
		const address = `${url}/c/default/test/${SESSION}/api/jobs/`;
		expect((await fetch(address)).status).toBe(401);
		expect((await fetch(address, {headers: {authorization: 'Bearer wrong'}})).status).toBe(401);
		expect((await fetch(address, {headers: {authorization: 'Bearer open sesame'}})).status).toBe(200);
	});
});

describe('the collector', () => {
	it('answers what can never be right with 400, and what may be later with 503', async () => {
		let isDraining = false;
		const url = await serve(
			createCollectListener({store, cluster: testCluster, token: 'key', isDraining: () => isDraining}),
		);
		const headers = {authorization: 'Bearer key'};
		expect((await post(url, '[]')).status).toBe(401);
		expect((await post(url, '{"no": "array"}', headers)).status).toBe(400);
		expect((await post(url, '[{"half', headers)).status).toBe(400);
		isDraining = true;
		const later = await post(url, '[]', headers);
		expect([later.status, later.headers.get('retry-after')]).toEqual([503, '2']);
	});

	it('notes what is damaged in a batch and keeps the rest', async () => {
		const url = await serve(createCollectListener({store, cluster: testCluster, isDraining: () => false}));
		const event = {
			eventId: 'AAAA',
			eventType: 'NODE_DEFINITION_EVENT',
			sessionName: 'session_a',
			nodeDefinitionEvent: {nodeId: 'AAAA'},
		};
		const answer = await post(url, JSON.stringify([event, {...event, eventType: 'X'}, 7]));
		expect(answer.status).toBe(200);
		const sessions = store
			.sessions()
			.map(({id, name}) => [name, store.read(id).entities('node').length, store.damages(id, 9).count]);
		expect(sessions.sort()).toEqual([
			['session_a', 1, 1],
			['session_unknown', 0, 1],
		]);
	});
});

describe("the dashboard's page", () => {
	it('is served without files that are hidden or lie elsewhere', async () => {
		const folder = await temporaryDirectory();
		const page = join(folder, 'page');
		await mkdir(join(page, 'static'), {recursive: true});
		await writeFile(join(folder, 'secret.js'), 'secret');
		await writeFile(join(page, 'index.html'), '<p>dashboard</p>');
		await writeFile(join(page, 'static/main.js'), 'main');
		await writeFile(join(page, 'static/.hidden.js'), 'hidden');
		await symlink(join(folder, 'secret.js'), join(page, 'static/link.js'));
		store.openSession(testCluster, 'session_a');
		const url = await serve(createHistoryListener({store, dashboard: openDashboardFiles(page)}));
		const base = `${url}/c/default/test/session_a`;
		expect(await (await fetch(`${base}/`)).text()).toBe('<p>dashboard</p>');
		expect((await fetch(`${base}/static/main.js`)).headers.get('content-type')).toBe(
			'text/javascript; charset=utf-8',
		);
		expect((await fetch(`${base}/static/.hidden.js`)).status).toBe(404);
		expect((await fetch(`${base}/static/link.js`)).status).toBe(404);
		expect(await (await fetch(`${url}/`)).text()).toContain('session_a');
	});
});
