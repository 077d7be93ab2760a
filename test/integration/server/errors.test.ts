import type {FastifyInstance} from 'fastify';
import type {ZodTypeProvider} from 'fastify-type-provider-zod';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {InfinisstError} from '../../../src/core/errors.js';
import {openTestServer, type TestServer} from '../../helpers/open-test-server.js';
import {requestRaw} from '../../helpers/raw-request.js';

function faultyRoutes(app: FastifyInstance): void {
	const typed = app.withTypeProvider<ZodTypeProvider>();
	for (const root of ['/part', '/v1']) {
		typed.get(`${root}/broken`, {}, () => {
			throw new TypeError('secret of /etc/passwd');
		});
		typed.get(`${root}/busy`, {}, () => {
			throw new InfinisstError('ENGINE_BUSY', 'No room', {hint: 'Come again.'});
		});
		typed.get(`${root}/defect`, {}, () => {
			throw new InfinisstError('INTERNAL_FAULT', 'secret of the engine');
		});
		typed.post(`${root}/typed`, {schema: {body: z.object({count: z.number()})}}, ({body}) => body);
		typed.get(`${root}/answers`, {schema: {response: {200: z.object({count: z.number()})}}}, () => {
			return {count: 'none'} as unknown as {count: number};
		});
	}
	typed.get('/part/fine', {}, () => ({fine: true}));
}

const open = (): Promise<TestServer> => openTestServer({routes: [faultyRoutes]});

async function ask(
	server: TestServer,
	path: string,
	init: RequestInit = {},
): Promise<{status: number; body: unknown; id: string | null}> {
	const answer = await fetch(`${server.url}${path}`, init);
	return {status: answer.status, body: await answer.json(), id: answer.headers.get('x-request-id')};
}

const json = (body: string): RequestInit => ({
	method: 'POST',
	body,
	headers: {'content-type': 'application/json'},
});

describe('a fault that nobody foresaw', () => {
	it.each(['/part/broken', '/part/defect', '/part/answers'])(
		'is told with the id that it is logged with, and nothing else (%s)',
		async path => {
			const server = await open();
			const {status, body, id} = await ask(server, path);
			expect(status).toBe(500);
			expect(body).toEqual({
				error: `The server failed at this request. Its log says more under ${id}.`,
				request_id: id,
			});
			const line = server.logged.find(({msg}) => msg === 'request failed');
			expect(line).toMatchObject({
				request_id: id,
				level: 'error',
				err: {stack: expect.any(String) as string},
			});
			expect((await ask(server, '/part/fine')).status).toBe(200);
		},
	);

	it("is told as OpenAI's clients know it below /v1", async () => {
		const server = await open();
		const {status, body, id} = await ask(server, '/v1/broken');
		expect(status).toBe(500);
		expect(body).toEqual({
			error: {
				message: `The server failed at this request. Its log says more under ${id}.`,
				type: 'server_error',
				code: null,
				param: null,
			},
		});
	});
});

it('answers a failure that has a code with its status, its sentence and its hint', async () => {
	const server = await open();
	expect(await ask(server, '/part/busy')).toMatchObject({
		status: 503,
		body: {error: 'No room. Come again.'},
	});
	expect(await ask(server, '/v1/busy')).toMatchObject({
		status: 503,
		body: {error: {message: 'No room. Come again.', type: 'server_error', code: 'engine_busy', param: null}},
	});
});

it.each([
	['{"count":"many"}', ['body', 'count'], 'invalid_type'],
	['{}', ['body', 'count'], 'invalid_type'],
	['{"count":', ['body'], 'json_invalid'],
	['', ['body'], 'json_invalid'],
	['{"__proto__":{"x":1}}', ['body'], 'json_invalid'],
])('says where the body %s is wrong', async (body, loc, type) => {
	const server = await open();
	const wrong = await ask(server, '/part/typed', json(body));
	expect(wrong.status).toBe(422);
	expect(wrong.body).toMatchObject({detail: [{loc, msg: expect.any(String) as string, type}]});
	const openAi = await ask(server, '/v1/typed', json(body));
	expect(openAi.status).toBe(400);
	expect(openAi.body).toMatchObject({
		error: {type: 'invalid_request_error', param: loc.slice(1).join('.')},
	});
	expect(await server.figure('infinisst_refused_total{reason="parameters"}')).toBe(2);
});

it('says that there is nothing at an unknown path, in the manner of its part', async () => {
	const server = await open();
	expect(await ask(server, '/nowhere')).toMatchObject({
		status: 404,
		body: {error: 'There is no GET at this path. See /docs for those there are.'},
	});
	expect(await ask(server, '/v1/nowhere', {method: 'DELETE'})).toMatchObject({
		status: 404,
		body: {error: {type: 'invalid_request_error'}},
	});
	expect(await ask(server, '/v10')).toMatchObject({body: {request_id: expect.any(String) as string}});
	expect(await server.figure('infinisst_refused_total{reason="path"}')).toBe(3);
});

it.each(['/%', '/%zz', '/v1/stream/%ff%fe/listen', `/wss/${'a'.repeat(3000)}`])(
	'answers the address %s, which cannot be decoded or is too long, and goes on',
	async path => {
		const server = await openTestServer();
		const {status, body} = await requestRaw(server, path);
		expect([400, 404, 414]).toContain(status);
		expect(body.toString()).toContain('"error"');
		const headers = {
			upgrade: 'websocket',
			connection: 'upgrade',
			'sec-websocket-version': '13',
			'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
		};
		// It ends: nothing of the upgrade is left behind.
		expect((await requestRaw(server, path, {headers})).status).toBe(status);
		expect((await ask(server, '/livez')).status).toBe(200);
	},
);

it('describes all routes and sockets in /openapi.json, and shows them at /docs', async () => {
	const server = await openTestServer();
	const {body} = await ask(server, '/openapi.json');
	expect(body).toMatchObject({
		openapi: '3.1.0',
		paths: {
			'/wss/{session_id}': {get: {'x-websocket': true, responses: {101: {}}}},
			'/v1/stream': {get: {'x-websocket': true}},
			'/livez': {get: {}},
			'/readyz': {get: {}},
			'/metrics': {get: {}},
			'/init': {post: {}},
		},
	});
	const {paths} = body as {paths: Record<string, Record<string, Record<string, unknown>>>};
	expect(paths['/livez']!['get']!['security']).toEqual([]);
	expect(Object.keys(paths['/test_video/{filename}']!['get']!['responses'] ?? {})).toEqual([
		'200',
		'206',
		'400',
		'404',
	]);
	expect(paths['/download_youtube']!['post']!['responses']).toMatchObject({
		200: {content: {'video/mp4': {}}},
	});
	const {required, content} = paths['/init']!['post']!['requestBody'] as {required: boolean; content: object};
	expect(required).toBe(false);
	expect(Object.keys(content)).toEqual([
		'application/json',
		'application/x-www-form-urlencoded',
		'multipart/form-data',
	]);
	expect(JSON.stringify(body)).not.toContain('Default Response');
	const docs = await fetch(`${server.url}/docs`);
	expect(docs.status).toBe(200);
	expect(docs.headers.get('content-type')).toContain('text/html');
	expect(docs.headers.get('content-security-policy')).toContain("default-src 'self'");
});

it('tells browsers to load nothing from elsewhere', async () => {
	const server = await openTestServer();
	const {headers} = await fetch(`${server.url}/livez`);
	expect(headers.get('content-security-policy')).toContain("default-src 'self'");
	expect(headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests');
	expect(headers.get('content-security-policy')).not.toMatch(/https?:/);
	expect(headers.get('strict-transport-security')).toBeNull();
	expect(headers.get('x-content-type-options')).toBe('nosniff');
});
