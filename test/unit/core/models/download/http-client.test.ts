import {createServer, type Server} from 'node:http';
import {connect, type AddressInfo} from 'node:net';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {openHttpClient} from '../../../../../src/core/models/download/http-client.js';
import {startFakeHub, type FakeHub} from '../../../../helpers/fake-hub.js';

describe('openHttpClient', () => {
	let hub: FakeHub;
	let proxy: Server;
	let tunnels: string[];
	let proxyUrl: string;

	beforeEach(async () => {
		hub = await startFakeHub({'owner/name': {files: {'config.json': Buffer.from('{}')}}});
		tunnels = [];
		proxy = createServer();
		proxy.on('connect', (request, socket) => {
			tunnels.push(request.url!);
			const [host, port] = request.url!.split(':');
			const target = connect(Number(port), host, () => {
				socket.write('HTTP/1.1 200 OK\r\n\r\n');
				target.pipe(socket).pipe(target);
			});
			target.on('error', () => socket.destroy());
			socket.on('error', () => target.destroy());
		});
		await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', () => resolve()));
		proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
	});

	afterEach(async () => {
		proxy.close();
		proxy.closeAllConnections();
		await hub.close();
	});

	async function getThrough(settings: Parameters<typeof openHttpClient>[0]): Promise<boolean> {
		const client = openHttpClient(settings);
		try {
			const answer = await client.get({url: new URL(`${hub.endpoint}/owner/name/resolve/main/config.json`)});
			if (answer.isDone) answer.value.discard();
			return answer.isDone;
		} finally {
			await client.close();
		}
	}

	it('goes through the proxy it is given', async () => {
		expect(await getThrough({proxy: {httpProxy: proxyUrl}})).toBe(true);
		expect(tunnels).toEqual([new URL(hub.endpoint).host]);
	});

	it('goes past the proxy to hosts that are excepted', async () => {
		expect(await getThrough({proxy: {httpProxy: proxyUrl, noProxy: 'example.org, 127.0.0.1'}})).toBe(true);
		expect(tunnels).toEqual([]);
	});

	it('takes no proxy from the environment of the process by itself', async () => {
		const before = process.env['http_proxy'];
		process.env['http_proxy'] = 'http://127.0.0.1:9';
		try {
			expect(await getThrough({})).toBe(true);
		} finally {
			if (before === undefined) delete process.env['http_proxy'];
			else process.env['http_proxy'] = before;
		}
	});

	it('counts a proxy that does not answer as an address that cannot be reached', async () => {
		const client = openHttpClient({proxy: {httpProxy: 'http://127.0.0.1:9'}});
		const answer = await client.get({url: new URL(hub.endpoint)});
		expect(answer).toMatchObject({isDone: false, failure: {code: 'SOURCE_UNREACHABLE'}});
		await client.close();
	});
});
