import {once} from 'node:events';
import {request as httpRequest, type IncomingMessage, type RequestListener} from 'node:http';
import {text} from 'node:stream/consumers';
import {gzipSync} from 'node:zlib';
import {request} from 'undici';
import {afterEach, beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import {WebSocket, WebSocketServer} from 'ws';

import {createDeferred} from '../../../src/core/util/deferred.js';
import {createHistoryListener} from '../../../src/history/http/history-listener.js';
import {listen} from '../../../src/history/http/listen.js';
import {DEFAULT_HEAD_TIMEOUTS, HeadProxy, type HeadTimeouts} from '../../../src/history/live/head-proxy.js';
import {LiveClusters} from '../../../src/history/live/live-clusters.js';
import {LiveGate} from '../../../src/history/live/live-gate.js';
import {createUpgradeListener} from '../../../src/history/live/upgrade-listener.js';
import type {HistoryStore} from '../../../src/history/store/history-store.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {startHead, startRawHead} from '../../helpers/head.js';
import {readRecordedBatches, testCluster} from '../../helpers/history.js';
import {describeWithShared, sharedPath} from '../../helpers/shared.js';
import {EventBatch} from '../../../src/history/ingest/event-batch.js';
import {readFileSync} from 'node:fs';

const NOW_MS = 1_800_000_000_000;

let store: HistoryStore;

beforeEach(async () => {
	store = await openHistory({path: ':memory:'});
});

afterEach(() => store.close());

interface ServeLiveOptions {
	readonly allowsJobs?: boolean;
	readonly timeouts?: Partial<HeadTimeouts>;
	readonly tokens?: ReadonlyMap<string, string>;
	readonly names?: Readonly<Record<string, string>>;
}

/** A history server that knows the head as "ray". @returns its address. */
async function serveLive(address: string, options: ServeLiveOptions = {}): Promise<string> {
	const {
		allowsJobs = false,
		timeouts = {},
		tokens = new Map<string, string>(),
		names = {ray: address},
	} = options;
	const configured = Object.entries(names).map(([name, value]) => ({
		namespace: 'default',
		name,
		address: value,
	}));
	const gate = new LiveGate({
		clusters: new LiveClusters({store, configured, tokens, now: () => NOW_MS}),
		proxy: new HeadProxy({...DEFAULT_HEAD_TIMEOUTS, ...timeouts}),
		allowsJobs,
	});
	const listener = createHistoryListener({store, live: gate});
	const server = await listen(listener, {
		host: '127.0.0.1',
		port: 0,
		onUpgrade: createUpgradeListener(gate, listener),
	});
	onTestFinished(async () => {
		const closed = server.close();
		await gate.destroy();
		await closed;
	});
	return server.url;
}

/** Sends the path as it is; fetch() would tidy it up, and say that it is a browser. */
async function get(
	url: string,
	path: string,
	{
		headers = {},
		method = 'GET',
		body,
	}: {headers?: Record<string, string>; method?: string; body?: string} = {},
): Promise<{status: number; headers: IncomingMessage['headers']; text: string}> {
	const {hostname, port} = new URL(url);
	const sent = httpRequest({hostname, port, path, headers, method, agent: false});
	sent.end(body);
	const [response] = (await once(sent, 'response')) as [IncomingMessage];
	return {status: response.statusCode!, headers: response.headers, text: await text(response)};
}

/** Opens an answer without reading it. */
async function open(url: string, path: string): Promise<IncomingMessage> {
	const {hostname, port} = new URL(url);
	const sent = httpRequest({hostname, port, path, agent: false}).end();
	const [response] = (await once(sent, 'response')) as [IncomingMessage];
	return response;
}

const answerOk: RequestListener = (_request, response) => void response.end('{}');

describe('what is passed on to a live head', () => {
	it('is the path and query as they came, and back come status, headers and bytes', async () => {
		const body = gzipSync('{"result": false}');
		const head = await startHead((_request, response) => {
			response.writeHead(500, {'content-type': 'application/json', 'content-encoding': 'gzip', 'x-ray': '1'});
			response.end(body);
		});
		const url = await serveLive(`${head.address}/behind/a/gateway`);
		const path = '/api/v0/tasks?filter_values=a%20b%2Fc&filter_values=&x';
		const {statusCode, headers, body: answer} = await request(`${url}/c/default/ray/live${path}`);
		expect(head.requests.map(({url: asked}) => asked)).toEqual([`/behind/a/gateway${path}`]);
		expect(statusCode).toBe(500);
		expect(headers).toMatchObject({
			'content-type': 'application/json',
			'content-encoding': 'gzip',
			'x-ray': '1',
			'cache-control': 'no-cache',
		});
		expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
	});

	it('tells the head nothing of our cookies and tokens, nor anything that is for one connection', async () => {
		const head = await startHead((_request, response) => {
			response.writeHead(200, {
				'set-cookie': 'cluster_name=evil',
				'clear-site-data': '"cookies"',
				'x-own': '1',
				'x-hop': '1',
				connection: 'x-hop',
			});
			response.end('ok');
		});
		const url = await serveLive(head.address, {tokens: new Map([['default/ray', 'of the head']])});
		const answer = await get(url, '/c/default/ray/live/api/version', {
			headers: {
				cookie: 'cluster_name=secret',
				authorization: 'Bearer ours',
				'x-forwarded-for': '1.2.3.4',
				'x-hop': 'secret',
				connection: 'close, x-hop',
				te: 'trailers',
				'x-kept': 'kept',
				'user-agent': 'Mozilla/5.0',
			},
		});
		expect(head.requests[0]!.headers).toEqual({
			host: new URL(head.address).host,
			connection: 'keep-alive',
			authorization: 'Bearer of the head',
			'x-kept': 'kept',
			'user-agent': 'Mozilla/5.0',
		});
		expect(answer.headers).toMatchObject({'x-own': '1'});
		for (const name of ['set-cookie', 'clear-site-data', 'x-hop'])
			expect(answer.headers).not.toHaveProperty(name);
	});

	it('arrives piece by piece, while the head goes on', async () => {
		const goOn = createDeferred();
		const head = await startHead((_request, response) => {
			response.write('first');
			void goOn.promise.then(() => response.end('second'));
		});
		const url = await serveLive(head.address);
		const response = await open(url, '/c/default/ray/live/api/v0/logs/stream?node_id=x');
		const [first] = (await once(response, 'data')) as [Buffer];
		expect(first.toString()).toBe('first');
		goOn.resolve();
		expect(await text(response)).toBe('second');
	});

	it('ends at the head as soon as whoever asked has left, before and within the answer', async () => {
		const asked = createDeferred();
		const left: string[] = [];
		const bothLeft = createDeferred();
		const head = await startHead((incoming, response) => {
			if (incoming.url === '/begun') response.write('first');
			else asked.resolve();
			response.on('close', () => {
				left.push(incoming.url!);
				if (left.length === 2) bothLeft.resolve();
			});
		});
		const url = await serveLive(head.address);
		(await open(url, '/c/default/ray/live/begun')).destroy();
		const {hostname, port} = new URL(url);
		const waiting = httpRequest({hostname, port, path: '/c/default/ray/live/waiting', agent: false}).end();
		waiting.on('error', () => undefined);
		await asked.promise;
		waiting.destroy();
		await bothLeft.promise;
		expect(left.sort()).toEqual(['/begun', '/waiting']);
	});

	it('moves an address that the head sends on to below the one it has here', async () => {
		const locations = ['/login?x=1', 'https://elsewhere.example/', '//elsewhere.example/'];
		const head = await startHead((incoming, response) => {
			const own =
				incoming.url === '/own' ? `${head.address}/there#x` : locations[Number(incoming.url!.slice(1))]!;
			response.writeHead(302, {location: own}).end();
		});
		const url = await serveLive(head.address);
		const seen = [];
		for (const path of ['own', '0', '1', '2'])
			seen.push((await get(url, `/c/default/ray/live/${path}`)).headers.location);
		expect(seen).toEqual([
			'/c/default/ray/live/there#x',
			'/c/default/ray/live/login?x=1',
			'https://elsewhere.example/',
			'//elsewhere.example/',
		]);
	});
});

describe('a live head that misbehaves', () => {
	it('is answered for with 502, one sentence, and the way to the history of its last session', async () => {
		const head = await startHead(answerOk);
		store.openSession(testCluster, 'session_before');
		const url = await serveLive('', {names: {test: head.address, other: head.address}});
		await head.stop();
		const plain = await get(url, '/c/default/test/live/api/version');
		expect([plain.status, plain.text]).toEqual([
			502,
			'502: The head of default/test does not answer: connection refused. Its last session is kept at /c/default/test/session_before/',
		]);
		expect(plain.headers['link']).toBe('</c/default/test/session_before/>; rel="alternate"');
		const page = await get(url, '/c/default/test/live/', {headers: {accept: 'text/html,*/*'}});
		expect([page.status, page.headers['content-type']]).toEqual([502, 'text/html; charset=utf-8']);
		expect(page.text).toContain('<a href="/c/default/test/session_before/">session_before</a>');
		const unknown = await get(url, '/c/default/other/live/api/version');
		expect(unknown.text).toBe('502: The head of default/other does not answer: connection refused.');
		await head.start();
		expect((await get(url, '/c/default/test/live/api/version')).status).toBe(200);
	});

	it('is answered for with 502 when it does not speak HTTP, or hangs up', async () => {
		for (const bytes of ['SSH-2.0-OpenSSH_9.6\r\n', '']) {
			const address = await startRawHead(socket => socket.once('data', () => socket.end(bytes)));
			const url = await serveLive(address);
			expect([bytes, (await get(url, '/c/default/ray/live/api/version')).status]).toEqual([bytes, 502]);
		}
	});

	it('is answered for with 504 when it says nothing in time', async () => {
		const head = await startHead(() => undefined);
		const url = await serveLive(head.address, {timeouts: {headersMs: 100}});
		const answer = await get(url, '/c/default/ray/live/api/version');
		expect([answer.status, answer.text]).toEqual([
			504,
			'504: The head of default/ray does not answer: no answer in time.',
		]);
	});

	it.each([
		['a chunk', 'transfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n'],
		['its length', 'content-length: 1000\r\n\r\nfirst'],
	])('cuts its answer off within %s, and so it arrives', async (_title, rest) => {
		const address = await startRawHead(socket =>
			socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${rest}`)),
		);
		const url = await serveLive(address);
		const response = await open(url, '/c/default/ray/live/api/v0/tasks');
		expect(response.statusCode).toBe(200);
		await expect(text(response)).rejects.toThrow('aborted');
	});

	it('is given up when it falls silent, unless logs are followed', async () => {
		const goOn = createDeferred();
		const head = await startHead((incoming, response) => {
			response.write('first');
			void goOn.promise.then(() => response.end('second'));
			incoming.resume();
		});
		const url = await serveLive(head.address, {timeouts: {bodyMs: 100}});
		const followed = await open(url, '/c/default/ray/live/api/v0/logs/stream?node_id=x');
		const silent = await open(url, '/c/default/ray/live/api/v0/tasks');
		await expect(text(silent)).rejects.toThrow('aborted');
		goOn.resolve();
		expect(await text(followed)).toBe('firstsecond');
	});
});

describe('what is not passed on', () => {
	it('is anything that would change the cluster', async () => {
		const head = await startHead(answerOk);
		const url = await serveLive(head.address);
		const base = '/c/default/ray/live';
		for (const [method, path, status] of [
			['POST', '/api/jobs/', 405],
			['POST', '/api/jobs/raysubmit_a/stop', 405],
			['DELETE', '/api/jobs/raysubmit_a', 405],
			['PUT', '/api/serve/applications/', 405],
			['OPTIONS', '/api/jobs/', 405],
			['GET', '/api/actors/kill?actor_id=a', 403],
			['GET', '/api/actors/%6bill?actor_id=a', 403],
			['GET', '/logical/kill_actor', 403],
		] as const) {
			const answer = await get(url, base + path, {method});
			expect([method, path, answer.status]).toEqual([method, path, status]);
		}

		expect(head.requests).toEqual([]);
	});

	it('is, with leave to change jobs, anything but jobs, and anything that a browser sends', async () => {
		const bodies: string[] = [];
		const head = await startHead((incoming, response) => {
			void text(incoming).then(body => {
				bodies.push(body);
				response.end('{}');
			});
		});
		const url = await serveLive(head.address, {allowsJobs: true});
		const base = '/c/default/ray/live';
		for (const [method, path, status, headers] of [
			['POST', '/api/jobs/', 200, {}],
			['POST', '/api/jobs/raysubmit_a/stop', 200, {}],
			['DELETE', '/api/jobs/raysubmit_a', 200, {}],
			['PUT', '/api/packages/gcs/_ray_pkg_a.zip', 200, {}],
			['PUT', '/api/serve/applications/', 405, {}],
			['POST', '/api/jobs/../serve/applications/', 405, {}],
			['POST', '/api/jobs/', 403, {origin: url}],
			['POST', '/api/jobs/', 403, {'user-agent': 'Mozilla/5.0'}],
		] as const) {
			const body = method === 'DELETE' ? '' : 'x'.repeat(100_000);
			const answer = await get(url, base + path, {method, headers, body});
			expect([method, path, answer.status]).toEqual([method, path, status]);
		}

		expect(head.requests.map(({method, url: asked}) => `${method} ${asked}`)).toEqual([
			'POST /api/jobs/',
			'POST /api/jobs/raysubmit_a/stop',
			'DELETE /api/jobs/raysubmit_a',
			'PUT /api/packages/gcs/_ray_pkg_a.zip',
		]);
		expect(bodies.map(body => body.length)).toEqual([100_000, 100_000, 0, 100_000]);
	});

	it('is anything to an address that nobody configured, however it is written', async () => {
		const head = await startHead(answerOk);
		const other = await startHead(answerOk);
		const {host} = new URL(other.address);
		const url = await serveLive(head.address);
		for (const [path, headers, status] of [
			[`/c/default/${host}/live/`, {}, 404],
			[`/c/default/http:%2f%2f${host}/live/x`, {}, 404],
			[`http://${host}/c/default/ray/live/x`, {}, 400],
			[`/c/default/ray/live/..//${host}/`, {}, 400],
			[`/c/default/ray/live/%2e%2e/%2e%2e/x`, {}, 400],
			[`/c/default/ray/live//${host}/x`, {}, 200],
			[`/c/default/ray/live/x@${host}/`, {}, 200],
			['/c/default/ray/live/x', {host}, 200],
			['/c/default/ray/live/x', {'x-forwarded-host': host}, 200],
			['/x', {cookie: `cluster_name=ray@${host}; cluster_namespace=default; session_name=live`}, 404],
		] as const) {
			expect([path, (await get(url, path, {headers})).status]).toEqual([path, status]);
		}

		expect(other.requests).toEqual([]);
		expect(head.requests).toHaveLength(4);
	});

	it('is anything without the token of the cluster, whoever owns it', async () => {
		const head = await startHead(answerOk);
		const owned = {...testCluster, name: 'ray', ownerKind: 'rayjob', ownerName: 'nightly'};
		store.openSession(owned, 'session_a');
		store.setClusterToken(owned, 'open sesame');
		// The newest of that name belongs to nobody, and has no token.
		store.openSession({...testCluster, name: 'ray'}, 'session_b');
		const url = await serveLive(head.address);
		const ask = async (token: string) =>
			(await get(url, '/c/default/ray/live/', {headers: {authorization: `Bearer ${token}`}})).status;
		expect([await ask('wrong'), head.requests.length]).toEqual([401, 0]);
		expect([await ask('open sesame'), head.requests.length]).toEqual([200, 1]);
		expect(head.requests[0]!.headers).not.toHaveProperty('authorization');
	});
});

describe('live clusters', () => {
	it('are listed, entered by cookie and linked to; the pages of the server itself stay its own', async () => {
		const head = await startHead((incoming, response) => void response.end(`head ${incoming.url}`));
		const url = await serveLive(head.address);
		expect(JSON.parse((await get(url, '/clusters')).text)).toEqual([
			{
				...{name: 'ray', namespace: 'default', sessionName: 'live', ownerKind: 'raycluster', ownerName: ''},
				...{createTime: '', createTimeStamp: 0},
			},
		]);
		expect((await get(url, '/homepage')).text).toContain('<a href="/c/default/ray/live/">live</a>');
		const entered = await get(url, '/enter_cluster/default/ray/live');
		const cookie = entered.headers['set-cookie']!.map(value => value.split(';')[0]).join('; ');
		expect(cookie).toContain('session_name=live');
		expect((await get(url, '/api/jobs/?x=1', {headers: {cookie}})).text).toBe('head /api/jobs/?x=1');
		expect((await get(url, '/', {headers: {cookie}})).text).toBe('head /');
		expect((await get(url, '/clusters', {headers: {cookie}})).text).toContain('"live"');
		const bare = await get(url, '/c/default/ray/live');
		expect([bare.status, bare.headers.location]).toEqual([302, '/c/default/ray/live/']);
		expect((await get(url, '/enter_cluster/default/raycluster/ray/live')).status).toBe(200);
		expect((await get(url, '/enter_cluster/default/rayjob/ray/live')).status).toBe(404);
		expect((await get(url, '/enter_cluster/default/other/live')).status).toBe(404);
	});

	it('are those too whose head a collector asks, shown as long as it answers, and tried when named', async () => {
		const head = await startHead((_request, response) => void response.end('head'));
		const sessionId = store.openSession(testCluster, 'session_a');
		store.write(sessionId, {head: {address: head.address, seenMs: NOW_MS - 1000}});
		const url = await serveLive('', {names: {}});
		const names = async () =>
			(JSON.parse((await get(url, '/clusters')).text) as {sessionName: string}[]).map(
				({sessionName}) => sessionName,
			);
		expect(await names()).toEqual(['live', 'session_a']);
		expect((await get(url, '/c/default/test/live/x')).text).toBe('head');
		store.write(sessionId, {head: {address: head.address, seenMs: NOW_MS - 3_600_000}});
		expect(await names()).toEqual(['session_a']);
		expect((await get(url, '/c/default/test/live/x')).text).toBe('head');
		await head.stop();
		expect((await get(url, '/c/default/test/live/x')).status).toBe(502);
	});
});

describe('web sockets of a live cluster', () => {
	async function startSocketHead(): Promise<string> {
		const sockets = new WebSocketServer({noServer: true});
		const head = await startHead(
			(_request, response) => void response.writeHead(404).end(),
			(incoming, socket, rest) => {
				if (incoming.url !== '/api/jobs/raysubmit_a/logs/tail') {
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
		return head.address;
	}

	it('are passed on both ways, from the first byte to the code of the end', async () => {
		const url = await serveLive(await startSocketHead());
		const socket = new WebSocket(
			`${url.replace('http', 'ws')}/c/default/ray/live/api/jobs/raysubmit_a/logs/tail`,
		);
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

	it('are refused as the head refuses them', async () => {
		const url = await serveLive(await startSocketHead());
		const refused = await openSocket(`${url}/c/default/ray/live/api/nosuch`);
		expect([refused.statusCode, await text(refused)]).toEqual([404, '404: Not Found']);
	});

	it('are refused to pages from elsewhere, without a token, and when nobody is there', async () => {
		const address = await startSocketHead();
		const gone = await startHead(answerOk);
		await gone.stop();
		const locked = {...testCluster, name: 'locked'};
		store.setClusterToken(locked, 'open sesame');
		const url = await serveLive('', {names: {ray: address, gone: gone.address, locked: address}});
		const tail = 'live/api/jobs/raysubmit_a/logs/tail';
		const foreign = await openSocket(`${url}/c/default/ray/${tail}`, {origin: 'http://elsewhere.example'});
		expect([foreign.statusCode, await text(foreign)]).toEqual([403, '403: This page is not from here']);
		expect((await openSocket(`${url}/c/default/locked/${tail}`)).statusCode).toBe(401);
		expect((await openSocket(`${url}/c/default/gone/${tail}`)).statusCode).toBe(502);
		expect((await openSocket(`${url}/c/default/nosuch/${tail}`)).statusCode).toBe(404);
		expect((await openSocket(`${url}/homepage`)).statusCode).toBe(200);
	});

	it('are ended with the server, as are answers that never end', async () => {
		const address = await startSocketHead();
		const endless = await startHead((_request, response) => void response.write('first'));
		const gate = new LiveGate({
			clusters: new LiveClusters({
				store,
				configured: [
					{namespace: 'default', name: 'ray', address},
					{namespace: 'default', name: 'endless', address: endless.address},
				],
				now: () => NOW_MS,
			}),
			proxy: new HeadProxy(),
			allowsJobs: false,
		});
		const listener = createHistoryListener({store, live: gate});
		const onUpgrade = createUpgradeListener(gate, listener);
		const server = await listen(listener, {host: '127.0.0.1', port: 0, onUpgrade});
		const socket = new WebSocket(
			`${server.url.replace('http', 'ws')}/c/default/ray/live/api/jobs/raysubmit_a/logs/tail`,
		);
		await once(socket, 'message');
		const response = await open(server.url, '/c/default/endless/live/api/v0/logs/stream');
		const closed = server.close();
		const ended = once(socket, 'close');
		const cut = text(response);
		cut.catch(() => undefined);
		await gate.destroy();
		await closed;
		await ended;
		await expect(cut).rejects.toThrow('aborted');
	});

	/** What a server answers that opens no socket. */
	async function openSocket(address: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
		const {hostname, port, pathname: path} = new URL(address);
		const sent = httpRequest({
			...{hostname, port, path, agent: false},
			headers: {
				...headers,
				connection: 'Upgrade',
				upgrade: 'websocket',
				'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
				'sec-websocket-version': '13',
			},
		}).end();
		const [response] = (await once(sent, 'response')) as [IncomingMessage];
		return response;
	}
});

describeWithShared('a history server as the head of another', () => {
	it('answers through it, at every fourth recorded address, byte for byte as when it is asked itself', async () => {
		const sessionId = store.openSession(testCluster, 'session_test');
		for (const events of readRecordedBatches()) {
			const batch = new EventBatch();
			for (const event of events) batch.add(event, 'collected', 'none');
			store.write(sessionId, {events: batch});
		}

		const inner = await listen(createHistoryListener({store, now: () => NOW_MS}), {
			host: '127.0.0.1',
			port: 0,
		});
		onTestFinished(() => inner.close());
		const base = `${inner.url}/c/default/test/session_test`;
		const url = await serveLive(base);
		const index = JSON.parse(readFileSync(sharedPath('history/live/_index.json'), 'utf8')) as {
			path: string;
		}[];
		const paths = [...new Set(index.map(({path}) => path))].filter(
			(path, index) => index % 4 === 0 && !path.includes('actors/kill'),
		);
		for (const path of paths) {
			const direct = await request(`${base}${path}`);
			const proxied = await request(`${url}/c/default/ray/live${path}`);
			const read = async ({statusCode, headers, body}: Awaited<ReturnType<typeof request>>) => [
				path,
				statusCode,
				headers['content-type'],
				headers['content-disposition'],
				headers['etag'],
				await body.text(),
			];
			expect(await read(proxied)).toEqual(await read(direct));
		}

		expect(paths.length).toBeGreaterThan(85);
	});
});
