import {createHash} from 'node:crypto';
import {describe, expect, it} from 'vitest';
import {listApiRoutes} from '../../helpers/api-routes.js';
import {openTestServer, type TestServer} from '../../helpers/open-test-server.js';
import {openTestSocket, refuseHandshake} from '../../helpers/test-socket.js';

const KEY = 'a-key-for-tests-1234';
const apiKeys = [
	{id: 'tester', sha256: createHash('sha256').update(KEY).digest('hex'), maxSessions: 1},
	{id: 'other', sha256: createHash('sha256').update('another-key-5678').digest('hex')},
];
const bearer = {authorization: `Bearer ${KEY}`};

const withKeys = (): Promise<TestServer> => openTestServer({settings: {apiKeys}});

describe('a server with keys', () => {
	it('answers nothing but /livez without one, on any route, socket or page', async () => {
		const server = await withKeys();
		const routes = await listApiRoutes(server, bearer);
		expect(routes.filter(({isSocket}) => isSocket).length).toBeGreaterThanOrEqual(3);
		expect(routes.length).toBeGreaterThan(20);
		const others = [
			'/',
			'/docs',
			'/docs/json',
			'/docs/static/index.html',
			'/static/app.js',
			'/openapi.json',
			'/nowhere',
		];
		for (const {method, path} of [...routes, ...others.map(path => ({method: 'GET', path}))]) {
			const {status} = await fetch(`${server.url}${path}`, {method});
			expect(`${method} ${path}: ${status}`).toBe(`${method} ${path}: ${path === '/livez' ? 200 : 401}`);
		}
		for (const {path} of [...routes.filter(({isSocket}) => isSocket), {path: '/livez'}, {path: '/nowhere'}]) {
			expect(`${path}: ${(await refuseHandshake(`${server.socketUrl}${path}`))?.status}`).toMatch(
				/: (401|404)$/,
			);
		}
		expect(await server.figure('infinisst_refused_total{reason="key"}')).toBeGreaterThan(routes.length);
	});

	it('refuses a socket before anything is opened for it', async () => {
		const server = await withKeys();
		const refused = await refuseHandshake(`${server.socketUrl}/v1/stream?source=en&target=de`);
		expect(refused?.status).toBe(401);
		expect(server.parts.sessions.list()).toEqual([]);
		expect(
			await refuseHandshake(`${server.socketUrl}/v1/stream?source=en&target=de&api_key=wrong`),
		).toMatchObject({
			status: 401,
		});
	});

	it.each([
		['a bearer token', '', bearer],
		['a bearer token in small letters', '', {authorization: `bearer ${KEY}`}],
		['the password that a browser asks for', '', {authorization: `Basic ${btoa(`anybody:${KEY}`)}`}],
		['the query', `?api_key=${KEY}`, {}],
	])('opens with %s', async (_title, query, headers) => {
		const server = await withKeys();
		expect((await fetch(`${server.url}/readyz${query}`, {headers})).status).toBe(200);
	});

	it.each([
		['a wrong bearer token', '', {authorization: 'Bearer wrong'}],
		['another scheme', '', {authorization: `Digest ${KEY}`}],
		['the hash of the key', '', {authorization: `Bearer ${apiKeys[0]!.sha256}`}],
		['a part of the key', `?api_key=${KEY.slice(0, -1)}`, {}],
		['a key in the query twice, both wrong', '?api_key=a&api_key=b', {}],
	])('stays shut with %s', async (_title, query, headers) => {
		const server = await withKeys();
		const answer = await fetch(`${server.url}/readyz${query}`, {headers});
		expect(answer.status).toBe(401);
		expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="infinisst"');
	});

	it.each([
		['infinisst.v1', `infinisst.key.${KEY}`],
		['realtime', `openai-insecure-api-key.${KEY}`],
	])(
		'opens a socket that offers %s with the key as a subprotocol, and never tells the key back',
		async (protocol, key) => {
			const server = await withKeys();
			const socket = await openTestSocket(`${server.socketUrl}/v1/stream?source=en&target=de`, [
				key,
				protocol,
			]);
			expect(socket.protocol).toBe(protocol);
			expect(server.parts.sessions.list().map(({owner}) => owner)).toEqual(['tester']);
		},
	);

	it('counts sessions for each key', async () => {
		const server = await withKeys();
		const open = (key: string): Promise<unknown> =>
			fetch(
				`${server.url}/init?agent_type=InfiniSST&language_pair=${encodeURIComponent('English -> German')}`,
				{
					method: 'POST',
					headers: {authorization: `Bearer ${key}`},
				},
			).then(answer => answer.json());
		expect(await open(KEY)).toHaveProperty('session_id');
		expect(await open(KEY)).toMatchObject({success: false});
		expect(await open('another-key-5678')).toHaveProperty('session_id');
	});

	it('writes neither keys nor queries to its log', async () => {
		const server = await withKeys();
		await fetch(`${server.url}/readyz?api_key=${KEY}&text=spoken`);
		await fetch(`${server.url}/health?api_key=${KEY}`, {headers: bearer});
		await fetch(`${server.url}/nowhere?api_key=${KEY}`);
		await fetch(`${server.url}/%zz?api_key=${KEY}`);
		await openTestSocket(`${server.socketUrl}/v1/stream?source=en&target=de&api_key=${KEY}`);
		await server.destroy();
		const text = JSON.stringify(server.logged);
		expect(text).toContain('"path":"/health"');
		expect(text).toContain('"key":"tester"');
		expect(text).not.toContain(KEY);
		expect(text).not.toContain('spoken');
	});
});

describe('a server without keys', () => {
	it('answers everybody', async () => {
		const server = await openTestServer();
		expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
	});
});

describe('pages of other sites', () => {
	const evil = 'https://evil.example';

	it('may open no socket and change nothing', async () => {
		const server = await openTestServer();
		for (const {path, method, isSocket} of await listApiRoutes(server)) {
			if (isSocket) {
				const refused = await refuseHandshake(`${server.socketUrl}${path}`, [], {origin: evil});
				expect(`${path}: ${refused?.status}`).toBe(`${path}: 403`);
			} else if (method === 'POST') {
				const {status} = await fetch(`${server.url}${path}`, {method, headers: {origin: evil}});
				expect(`${path}: ${status}`).toBe(`${path}: 403`);
			}
		}
		expect(server.parts.sessions.list()).toEqual([]);
		expect(await server.figure('infinisst_refused_total{reason="origin"}')).toBeGreaterThan(5);
	});

	it('may not read', async () => {
		const server = await openTestServer();
		const answer = await fetch(`${server.url}/health`, {headers: {origin: evil}});
		expect(answer.headers.get('access-control-allow-origin')).toBeNull();
		const asked = await fetch(`${server.url}/init`, {
			method: 'OPTIONS',
			headers: {origin: evil, 'access-control-request-method': 'POST'},
		});
		expect(asked.headers.get('access-control-allow-origin')).toBeNull();
	});

	it('may do all once they were named, while the server runs, too', async () => {
		const server = await openTestServer();
		server.change({allowedOrigins: [evil]});
		const answer = await fetch(`${server.url}/health`, {headers: {origin: evil}});
		expect(answer.headers.get('access-control-allow-origin')).toBe(evil);
		const asked = await fetch(`${server.url}/init`, {
			method: 'OPTIONS',
			headers: {origin: evil, 'access-control-request-method': 'POST'},
		});
		expect(asked.status).toBe(204);
		expect(asked.headers.get('access-control-allow-origin')).toBe(evil);
		expect(
			await refuseHandshake(`${server.socketUrl}/v1/stream?source=en&target=de`, [], {origin: evil}),
		).toBeUndefined();
	});

	it('the own page may do all', async () => {
		const server = await openTestServer();
		const url = `${server.socketUrl}/v1/stream?source=en&target=de`;
		expect(await refuseHandshake(url, [], {origin: server.url})).toBeUndefined();
	});

	it('may do all from a file of this machine, as a desktop application does, but not from a sandboxed frame', async () => {
		const server = await openTestServer();
		const url = `${server.socketUrl}/v1/stream?source=en&target=de`;
		const post = (origin: string) =>
			fetch(`${server.url}/ping?session_id=none`, {method: 'POST', headers: {origin}});
		expect(await refuseHandshake(url, [], {origin: 'file://'})).toBeUndefined();
		const answer = await post('file://');
		expect(answer.status).toBe(200);
		expect(answer.headers.get('access-control-allow-origin')).toBe('file://');
		expect((await refuseHandshake(url, [], {origin: 'null'}))?.status).toBe(403);
		const refused = await post('null');
		expect(refused.status).toBe(403);
		expect(refused.headers.get('access-control-allow-origin')).toBeNull();
	});

	it('cannot come in by a name that points to this machine', async () => {
		const server = await openTestServer();
		const answer = await server.app.inject({url: '/health', headers: {host: 'evil.example'}});
		expect(answer.statusCode).toBe(403);
		const refused = await refuseHandshake(`${server.socketUrl}/v1/stream`, [], {
			headers: {host: 'evil.example'},
		});
		expect(refused?.status).toBe(403);
		expect(await server.figure('infinisst_refused_total{reason="host"}')).toBe(2);
	});
});
