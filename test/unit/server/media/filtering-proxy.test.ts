import {once} from 'node:events';
import {createServer, request, type IncomingMessage, type RequestListener} from 'node:http';
import {connect, type AddressInfo} from 'node:net';
import {text} from 'node:stream/consumers';
import {describe, expect, it, onTestFinished} from 'vitest';

import type {InfinisstError} from '../../../../src/core/errors.js';
import {
	openFilteringProxy,
	type FilteringProxy,
	type FilteringProxyOptions,
} from '../../../../src/server/media/filtering-proxy.js';

describe('openFilteringProxy', () => {
	it('passes requests on to the address that was checked, whatever the name means elsewhere', async () => {
		const port = await openSite((incoming, response) => {
			response.end(`${incoming.method ?? ''} ${incoming.url ?? ''} ${incoming.headers.host ?? ''}`);
		});
		const proxy = await open({lookup: () => Promise.resolve(['127.0.0.1'])});
		const response = await get(proxy, `http://media.videos.test:${port}/a?b=c`);
		expect(response.statusCode).toBe(200);
		expect(await text(response)).toBe(`GET /a?b=c media.videos.test:${port}`);
	});

	it('keeps its secret from the sites', async () => {
		const port = await openSite((incoming, response) => {
			response.end(JSON.stringify(incoming.headers));
		});
		const proxy = await open();
		const response = await get(proxy, `http://videos.test:${port}/`);
		expect(await text(response)).not.toMatch(/proxy-/);
	});

	it('opens tunnels to allowed hosts', async () => {
		const port = await openSite((_incoming, response) => void response.end('inside the tunnel'));
		const proxy = await open();
		const answer = await tunnel(proxy, `videos.test:${port}`, 'GET / HTTP/1.0\r\n\r\n');
		expect(answer).toMatch(/^HTTP\/1.1 200 .*inside the tunnel$/s);
	});

	it.each(['example.org:443', 'videos.test.example.org:443', '127.0.0.1:443', 'novideos.test:443'])(
		'refuses a tunnel to %s',
		async authority => {
			const proxy = await open();
			expect(await tunnel(proxy, authority, '')).toMatch(/^HTTP\/1.1 403/);
			expect(proxy.refusal).toMatchObject({code: 'OPTION_INVALID'});
		},
	);

	it('refuses an allowed name with an address inside, for requests and tunnels', async () => {
		const port = await openSite((_incoming, response) => void response.end('inside'));
		const proxy = await open({allowPrivateAddresses: false});
		expect((await get(proxy, `http://videos.test:${port}/`)).statusCode).toBe(403);
		expect(await tunnel(proxy, `videos.test:${port}`, '')).toMatch(/^HTTP\/1.1 403/);
	});

	it('refuses those without its secret', async () => {
		const proxy = await open();
		const {port} = new URL(proxy.url);
		const stranger = {url: `http://infinisst:wrong@127.0.0.1:${port}`};
		expect((await get(stranger, 'http://videos.test/')).statusCode).toBe(407);
		expect(await tunnel(stranger, 'videos.test:443', '')).toMatch(/^HTTP\/1.1 407/);
	});

	it.each(['/relative', 'https://videos.test/', 'ftp://videos.test/'])(
		'takes no request for %s',
		async target => {
			const proxy = await open();
			expect((await get(proxy, target)).statusCode).toBe(400);
		},
	);

	it('cuts what is longer than allowed, and lets nothing through any more', async () => {
		const port = await openSite((_incoming, response) => void response.end(Buffer.alloc(200_000)));
		const overflows: InfinisstError[] = [];
		const proxy = await open({maxBytes: 100_000, onOverflow: error => overflows.push(error)});
		await expect(get(proxy, `http://videos.test:${port}/`).then(text)).rejects.toThrow();
		expect(overflows.map(({code}) => code)).toEqual(['LIMIT_EXCEEDED']);
		expect((await get(proxy, `http://videos.test:${port}/`)).statusCode).toBe(502);
	});
});

async function open(options: Partial<FilteringProxyOptions> = {}): Promise<FilteringProxy> {
	const proxy = await openFilteringProxy({
		allowedHosts: ['videos.test'],
		allowPrivateAddresses: true,
		maxBytes: 1_000_000,
		lookup: () => Promise.resolve(['127.0.0.1']),
		onOverflow: () => undefined,
		...options,
	});
	onTestFinished(() => proxy.close());
	return proxy;
}

async function openSite(listener: RequestListener): Promise<number> {
	const server = createServer(listener).listen(0, '127.0.0.1');
	await once(server, 'listening');
	onTestFinished(() => {
		server.close();
		server.closeAllConnections();
	});
	return (server.address() as AddressInfo).port;
}

async function get(proxy: Pick<FilteringProxy, 'url'>, path: string): Promise<IncomingMessage> {
	const {port} = new URL(proxy.url);
	const outgoing = request({
		host: '127.0.0.1',
		port,
		path,
		agent: false,
		headers: {'proxy-authorization': authorizationOf(proxy)},
	});
	outgoing.end();
	const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
	return response;
}

/** All that a tunnel answers. */
async function tunnel(proxy: Pick<FilteringProxy, 'url'>, authority: string, sent: string): Promise<string> {
	const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
	socket.write(
		`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: ${authorizationOf(proxy)}\r\n\r\n${sent}`,
	);
	return text(socket);
}

function authorizationOf({url}: Pick<FilteringProxy, 'url'>): string {
	const {username, password} = new URL(url);
	return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
