import {once} from 'node:events';
import {request} from 'node:http';
import {setImmediate} from 'node:timers/promises';
import {describe, expect, it, vi} from 'vitest';

import {InfinisstError} from '../../../src/core/errors.js';
import type {ModelLoadEvent} from '../../../src/server/models-routes.js';
import {openTestServer, type TestServer} from '../../helpers/open-test-server.js';
import {openRawConnection} from '../../helpers/raw-connection.js';

const MODELS = [
	{name: 'loaded'},
	{name: 'slow', isLoaded: false, isInstalled: false, sourceLanguages: ['en'], targets: ['fr']},
];

const open = (): Promise<TestServer> => openTestServer({models: {models: MODELS}});

const load = (server: TestServer, name: string, init: RequestInit = {}): Promise<Response> =>
	fetch(`${server.url}/v1/models/${encodeURIComponent(name)}/load`, {method: 'POST', ...init});

const readEvents = async (answer: Response): Promise<ModelLoadEvent[]> =>
	(await answer.text())
		.split('\n\n')
		.filter(part => part !== '')
		.map(part => JSON.parse(part.replace(/^data: /, '')) as ModelLoadEvent);

describe('POST /v1/models/{name}/load', () => {
	it('tells of other models nothing, of this one each step, and its end once', async () => {
		const server = await open();
		const answer = load(server, 'slow');
		await server.models.showProgress('slow', 'Fetching slow: 10 %', 0.1);
		await server.models.showProgress('slow', 'Fetching slow: 90 %', 0.9);
		await server.models.finishLoading('slow');
		const response = await answer;
		expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
		expect(response.headers.get('cache-control')).toBe('no-store');
		const events = await readEvents(response);
		expect(new Set(events.map(({model}) => model))).toEqual(new Set(['slow']));
		expect(events.map(({fraction}) => fraction)).toEqual(expect.arrayContaining([0.1, 0.9]));
		expect(events.filter(({state}) => state !== 'loading')).toEqual([
			{model: 'slow', state: 'loaded', activity: null, fraction: null, error: null},
		]);
		expect(events.at(-1)!.state).toBe('loaded');
	});

	it.each([
		['an unknown name', 'nobody', 404, 'model_unknown'],
		['a pair of unknown languages', 'Klingon -> English', 400, 'option_invalid'],
		['a pair nobody translates', 'Finnish -> English', 400, 'language_pair_unsupported'],
		['a pair without its second half', 'German -> ', 400, 'option_invalid'],
		['a name that is too long', 'a'.repeat(300), 400, null],
	])('refuses %s with a status, before anything is told', async (_title, name, status, code) => {
		const server = await open();
		const answer = await load(server, name);
		expect(answer.status).toBe(status);
		const {error} = (await answer.json()) as {error: {message: string; code: string | null}};
		expect(error.message).not.toBe('');
		if (code !== null) expect(error.code).toBe(code);
		expect(server.models.models().map(({state}) => state)).toEqual(['loaded', 'needs_download']);
	});

	it('takes what a model shall do for its name, in words or with an arrow', async () => {
		const server = await open();
		for (const words of ['German -> English', 'de => en', 'german to english', 'de → en']) {
			expect(await readEvents(await load(server, words))).toEqual([
				expect.objectContaining({model: 'loaded', state: 'loaded'}),
			]);
		}
	});

	it('tells why it failed, as the last event, and can be asked again', async () => {
		const server = await open();
		const answer = load(server, 'slow');
		await server.models.failLoading(
			'slow',
			new InfinisstError('DISK_FULL', 'There is no room for slow', {hint: 'Make some.'}),
		);
		expect((await readEvents(await answer)).at(-1)).toMatchObject({
			state: 'failed',
			error: {message: 'There is no room for slow. Make some.', type: 'server_error'},
		});
		const again = load(server, 'slow');
		await server.models.finishLoading('slow');
		expect((await readEvents(await again)).at(-1)).toMatchObject({state: 'loaded'});
	});

	it('tells a fault nobody foresaw by its request alone', async () => {
		const server = await open();
		const answer = load(server, 'slow');
		await server.models.failLoading('slow', new Error('the secret of the inside'));
		const response = await answer;
		const last = (await readEvents(response)).at(-1)!;
		expect(last.state).toBe('failed');
		expect(JSON.stringify(last)).not.toContain('secret');
	});

	it('tells whoever waits when the server goes, and that it does', async () => {
		const server = await open();
		const answer = load(server, 'slow');
		await vi.waitFor(() => expect(server.models.models()[1]!.state).toBe('loading'));
		const response = await answer;
		const destroyed = server.close(AbortSignal.abort(new Error('at once')));
		const events = await readEvents(response).catch(() => []);
		await destroyed;
		// Either it was told, or its connection was cut; never that the model was loaded.
		expect(events.filter(({state}) => state === 'loaded')).toEqual([]);
	});

	it('lets the loading go on when its client leaves', async () => {
		const server = await open();
		const gone = new AbortController();
		const response = await load(server, 'slow', {signal: gone.signal});
		gone.abort();
		await response.text().catch(() => undefined);
		await server.models.finishLoading('slow');
		expect(server.models.models()[1]).toMatchObject({name: 'slow', state: 'loaded'});
	});

	it('keeps for a client that does not read no more than the newest step, and its end', async () => {
		const server = await open();
		const raw = await openRawConnection(server.port);
		raw.socket.pause();
		raw.write(
			`POST /v1/models/slow/load HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
		);
		await vi.waitFor(() => expect(server.models.models()[1]!.state).toBe('loading'));
		// Far more than the system keeps for a connection.
		const steps = 4000;
		for (let step = 1; step <= steps; step++) {
			await server.models.showProgress('slow', `${step} ${'.'.repeat(4000)}`, step / steps);
			if (step % 100 === 0) await setImmediate();
		}
		raw.socket.resume();
		// The newest is told when there is room again.
		await vi.waitFor(() => expect(raw.socket.bytesRead).toBeGreaterThan(0));
		await server.models.finishLoading('slow');
		const text = await raw.answer;
		const events = [...text.matchAll(/^data: (.*)$/gm)].map(
			([, json]) => JSON.parse(json!) as ModelLoadEvent,
		);
		expect(events.length).toBeLessThan(steps);
		expect(events.at(-1)).toMatchObject({state: 'loaded'});
	});

	it('takes no body, and no other method', async () => {
		const server = await open();
		const {hostname, port} = new URL(server.url);
		const asked = request({hostname, port, path: '/v1/models/slow/load', method: 'GET', agent: false});
		asked.end();
		const [answer] = (await once(asked, 'response')) as [{statusCode: number; resume: () => void}];
		answer.resume();
		expect(answer.statusCode).toBe(404);
		expect(server.models.models()[1]!.state).toBe('needs_download');
	});
});
