import {once} from 'node:events';
import {request as httpRequest, type IncomingMessage, type RequestListener} from 'node:http';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import {describe, expect, it, onTestFinished} from 'vitest';
import {WebSocket, WebSocketServer} from 'ws';

import {
	openMountedHistory,
	type OpenMountedHistoryOptions,
} from '../../../src/history/mount/open-mounted-history.js';
import type {HistoryStore} from '../../../src/history/store/history-store.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {hashApiKey} from '../../../src/server/config/hash-api-key.js';
import {HISTORY_PATH} from '../../../src/server/history/mounted-history.js';
import {startHead} from '../../helpers/head.js';
import {testCluster} from '../../helpers/history.js';
import {openTestServer, type TestServer, type TestServerOptions} from '../../helpers/open-test-server.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const LIVE = '/history/c/default/ray/live';
const KEY = 'a-key-of-this-test';
const WITH_KEY = {settings: {apiKeys: [hashApiKey(KEY, 'the test')]}};

interface Given {
	readonly server?: TestServerOptions;
	readonly mount?: Partial<OpenMountedHistoryOptions>;
	/** Fills the history before it is mounted. */
	readonly fill?: (store: HistoryStore) => void;
}

/** A server whose history knows the heads by these names. */
async function openServer(
	heads: Readonly<Record<string, string>>,
	{server = {}, mount = {}, fill}: Given = {},
): Promise<TestServer> {
	const path = join(await temporaryDirectory(), 'history.db');
	const store = await openHistory({path});
	fill?.(store);
	store.close();
	const configured = Object.entries(heads).map(([name, address]) => ({namespace: 'default', name, address}));
	const mountedHistory = await openMountedHistory({
		path,
		basePath: HISTORY_PATH,
		live: {configured},
		...mount,
	});
	onTestFinished(() => mountedHistory.close());
	return openTestServer({parts: parts => ({...parts, mountedHistory}), ...server});
}

/** What is answered; what asks for a web socket and is refused one, too. */
async function ask(address: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
	const {hostname, port, pathname, search} = new URL(address);
	const sent = httpRequest({hostname, port, path: pathname + search, headers, agent: false}).end();
	const [response] = (await once(sent, 'response')) as [IncomingMessage];
	return response;
}

const UPGRADE = {
	connection: 'Upgrade',
	upgrade: 'websocket',
	'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
	'sec-websocket-version': '13',
};

const answerOk: RequestListener = (incoming, response) => void response.end(`head ${incoming.url}`);

/** A head with one web socket, that of the logs of a job. */
async function startSocketHead() {
	const sockets = new WebSocketServer({noServer: true});
	const upgrades: IncomingMessage[] = [];
	const head = await startHead(
		(_request, response) => void response.writeHead(404).end(),
		(incoming, socket, rest) => {
			upgrades.push(incoming);
			if (!incoming.url!.startsWith('/api/jobs/raysubmit_a/logs/tail')) {
				socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 14\r\n\r\n404: Not Found');
				return;
			}
			sockets.handleUpgrade(incoming, socket, rest, opened => {
				// Together with the answer to the upgrade: none of it may be lost.
				opened.send('hello');
				opened.on('message', (data: Buffer) => {
					if (data.toString() === 'leave') opened.close(4001, 'left');
					else opened.send(data, {binary: true});
				});
			});
		},
	);
	return {address: head.address, upgrades};
}

const TAIL = `${LIVE}/api/jobs/raysubmit_a/logs/tail`;

describe('live clusters in the history of a server', () => {
	it('are listed, entered and asked below /history/, and lead nowhere else', async () => {
		const head = await startHead((incoming, response) => {
			if (incoming.url === '/moved') response.writeHead(302, {location: '/there'}).end();
			else answerOk(incoming, response);
		});
		const {url} = await openServer({ray: head.address});
		expect(await fetch(`${url}/history/clusters`).then(answer => answer.json())).toMatchObject([
			{name: 'ray', sessionName: 'live'},
		]);
		expect(await fetch(`${url}/history/homepage`).then(answer => answer.text())).toContain(
			`<a href="${LIVE}/">live</a>`,
		);
		const answer = await fetch(`${url}${LIVE}/api/v0/tasks?filter_values=a%20b%2Fc&x`);
		expect([answer.status, await answer.text()]).toEqual([
			200,
			'head /api/v0/tasks?filter_values=a%20b%2Fc&x',
		]);
		const moved = await fetch(`${url}${LIVE}/moved`, {redirect: 'manual'});
		expect(moved.headers.get('location')).toBe(`${LIVE}/there`);
		const entered = await fetch(`${url}/history/enter_cluster/default/ray/live`);
		const cookie = entered.headers
			.getSetCookie()
			.map(value => value.split(';')[0])
			.join('; ');
		const asked = await fetch(`${url}/history/api/jobs/`, {headers: {cookie}});
		expect(await asked.text()).toBe('head /api/jobs/');
	});

	it('are not asked unless the history was told to', async () => {
		const head = await startHead(answerOk);
		const {url} = await openServer({ray: head.address}, {mount: {live: undefined}});
		expect((await fetch(`${url}${LIVE}/`)).status).toBe(404);
		expect((await ask(`${url}${TAIL}`, UPGRADE)).statusCode).toBe(404);
		expect(head.requests).toEqual([]);
	});

	it('are seen by whoever has a key, which is never told to a head', async () => {
		const head = await startSocketHead();
		const other = await startHead(answerOk);
		const {url, socketUrl} = await openServer({ray: head.address, other: other.address}, {server: WITH_KEY});
		expect((await ask(`${url}/history/c/default/other/live/`)).statusCode).toBe(401);
		expect((await ask(`${url}${TAIL}`, UPGRADE)).statusCode).toBe(401);
		expect([other.requests, head.upgrades]).toEqual([[], []]);

		const headers = {authorization: `Bearer ${KEY}`, referer: `${url}/?api_key=${KEY}`};
		expect((await ask(`${url}/history/c/default/other/live/x?api_key=${KEY}&y=1`, headers)).statusCode).toBe(
			200,
		);
		const socket = new WebSocket(`${socketUrl}${TAIL}?api_key=${KEY}&z=1`, ['tail', `infinisst.key.${KEY}`], {
			headers,
		});
		await once(socket, 'message');
		expect(socket.protocol).toBe('tail');
		socket.terminate();
		const seen = [other.requests[0]!, head.upgrades[0]!];
		expect(seen.map(({url: asked}) => asked)).toEqual(['/x?y=1', '/api/jobs/raysubmit_a/logs/tail?z=1']);
		expect(seen[1]!.headers['sec-websocket-protocol']).toBe('tail');
		for (const {url: asked, rawHeaders} of seen) expect([asked, ...rawHeaders].join('\n')).not.toContain(KEY);
	});

	it('whose head is gone or says nothing are answered for, with the way to what is kept', async () => {
		const gone = await startHead(answerOk);
		await gone.stop();
		const silent = await startHead(() => undefined);
		const {url} = await openServer(
			{test: gone.address, silent: silent.address},
			{
				mount: {headTimeouts: {headersMs: 300}},
				fill: store => void store.openSession(testCluster, 'session_a'),
			},
		);
		const kept = '/history/c/default/test/session_a/';
		const refused = await fetch(`${url}/history/c/default/test/live/nodes`);
		expect([refused.status, refused.headers.get('link')]).toEqual([502, `<${kept}>; rel="alternate"`]);
		expect(await refused.text()).toContain(`The head of default/test does not answer`);
		const page = await fetch(`${url}/history/c/default/test/live/`, {headers: {accept: 'text/html'}});
		expect([page.status, await page.text()]).toEqual([502, expect.stringContaining(`href="${kept}"`)]);
		const socket = await ask(`${url}/history/c/default/test/live/x`, UPGRADE);
		expect([socket.statusCode, socket.headers['link']]).toEqual([502, `<${kept}>; rel="alternate"`]);
		expect((await fetch(`${url}/history/c/default/silent/live/`)).status).toBe(504);
		expect((await fetch(`${url}${kept}`)).status).toBe(200);
	});

	it('are only looked at', async () => {
		const head = await startHead(answerOk);
		const {url} = await openServer({ray: head.address});
		for (const method of ['POST', 'PUT', 'DELETE']) {
			const refused = await fetch(`${url}${LIVE}/api/jobs/`, {method});
			expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
			expect(await refused.text()).toContain('history serve --allow-jobs');
		}
		expect(head.requests).toEqual([]);
	});

	it('pass web sockets on both ways, from the first byte to the code of the end', async () => {
		const {address} = await startSocketHead();
		const {socketUrl} = await openServer({ray: address});
		const socket = new WebSocket(`${socketUrl}${TAIL}`);
		const [hello] = (await once(socket, 'message')) as [Buffer];
		expect(hello.toString()).toBe('hello');
		const large = Buffer.alloc(3_000_000, 'abc');
		socket.send(large);
		const [echo] = (await once(socket, 'message')) as [Buffer];
		expect(echo.equals(large)).toBe(true);
		socket.send('leave');
		const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
		expect([code, reason.toString()]).toEqual([4001, 'left']);
	});

	it('refuse web sockets as the head does, and to pages from elsewhere; pages of named origins may', async () => {
		const {address, upgrades} = await startSocketHead();
		const {url} = await openServer(
			{ray: address},
			{server: {settings: {allowedOrigins: ['http://friend.example']}}},
		);
		const refused = await ask(`${url}${LIVE}/api/nosuch`, UPGRADE);
		expect([refused.statusCode, await text(refused)]).toEqual([404, '404: Not Found']);
		const foreign = await ask(`${url}${TAIL}`, {...UPGRADE, origin: 'http://elsewhere.example'});
		expect([foreign.statusCode, upgrades.length]).toEqual([403, 1]);
		const friend = new WebSocket(`${url.replace('http', 'ws')}${TAIL}`, {origin: 'http://friend.example'});
		await once(friend, 'message');
		friend.terminate();
		// Below the history, but of no live cluster.
		expect((await ask(`${url}/history/homepage`, UPGRADE)).statusCode).toBe(200);
	});

	it('keep nobody waiting by what is followed, and no server from closing', async () => {
		const endless = await startHead((_request, response) => void response.write('first'));
		const {address} = await startSocketHead();
		const server = await openServer({ray: address, endless: endless.address});
		const followed = await Promise.all(
			Array.from({length: 20}, () => ask(`${server.url}/history/c/default/endless/live/api/v0/logs/stream`)),
		);
		await Promise.all(followed.map(response => once(response, 'data')));
		expect((await fetch(`${server.url}/history/clusters`)).status).toBe(200);
		const socket = new WebSocket(`${server.socketUrl}${TAIL}`);
		await once(socket, 'message');
		const cuts = followed.map(response => once(response, 'aborted'));
		const left = once(socket, 'close');
		await server.close();
		await Promise.all([...cuts, left]);
		expect(server.logged.map(({msg}) => msg)).not.toContain('not everything was finished');
	});
});

describe('what a mounted history keeps', () => {
	it('is what its rules say, and what it deletes is told', async () => {
		const path = join(await temporaryDirectory(), 'history.db');
		const store = await openHistory({path});
		onTestFinished(() => store.close());
		for (const name of ['session_a', 'session_b', 'session_c']) store.openSession(testCluster, name);
		const notices: string[] = [];
		const mounted = await openMountedHistory({
			path,
			basePath: HISTORY_PATH,
			retention: {rules: {keepCount: 1}, intervalMs: 20},
			onNotice: notice => void notices.push(notice),
		});
		onTestFinished(() => mounted.close());
		await expect.poll(() => store.sessions().length).toBe(1);
		await expect.poll(() => notices.length).toBe(2);
		const [{name: kept} = {name: ''}] = store.sessions();
		for (const notice of notices) {
			expect(notice).toMatch(/^deleted default\/test session_[abc], which is past what is kept$/);
			expect(notice).not.toContain(kept);
		}
	});
});
