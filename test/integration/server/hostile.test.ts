import {once} from 'node:events';
import {gzipSync} from 'node:zlib';
import type {FastifyInstance} from 'fastify';
import {describe, expect, it, vi} from 'vitest';
import {listApiRoutes} from '../../helpers/api-routes.js';
import {openTestServer, type TestServer} from '../../helpers/open-test-server.js';
import {openRawConnection} from '../../helpers/raw-connection.js';
import {requestRaw} from '../../helpers/raw-request.js';
import {openTestSocket, refuseHandshake, whenClosed} from '../../helpers/test-socket.js';
import {FakeClock} from '../../helpers/fake-clock.js';

const impatient = {headersTimeoutMs: 100, requestTimeoutMs: 200, checkIntervalMs: 20};

async function isWell(server: TestServer): Promise<boolean> {
	return (await fetch(`${server.url}/livez`)).status === 200;
}

describe('connections that never become a request', () => {
	it('are closed when their headers drip in', async () => {
		const server = await openTestServer({connectionLimits: impatient});
		const slow = await openRawConnection(server.port);
		slow.write('GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n');
		const drip = setInterval(() => slow.write('x-drip: 1\r\n'), 10);
		const answer = await slow.answer;
		clearInterval(drip);
		expect(answer).toContain('408 Request Timeout');
		expect(await server.figure('infinisst_refused_total{reason="slow"}')).toBe(1);
		expect(await isWell(server)).toBe(true);
	});

	it('are closed when their body drips in', async () => {
		const server = await openTestServer({connectionLimits: impatient});
		const slow = await openRawConnection(server.port);
		slow.write(
			`POST /init HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n`,
		);
		const drip = setInterval(() => slow.write(' '), 10);
		await slow.answer;
		clearInterval(drip);
		expect(await server.figure('infinisst_refused_total{reason="slow"}')).toBe(1);
		expect(await isWell(server)).toBe(true);
	});

	it('are closed when they say nothing', async () => {
		const server = await openTestServer({connectionLimits: impatient});
		const silent = await openRawConnection(server.port);
		await silent.answer;
		expect(await isWell(server)).toBe(true);
	});

	it('are refused when they flood with headers', async () => {
		const server = await openTestServer();
		const flood = await openRawConnection(server.port);
		flood.write('GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\n');
		for (let line = 0; line < 1000; line++) flood.write(`x-header-${line}: ${'a'.repeat(100)}\r\n`);
		expect(await flood.answer).toContain('431 Request Header Fields Too Large');
		expect(await server.figure('infinisst_refused_total{reason="headers"}')).toBe(1);
		expect(await isWell(server)).toBe(true);
	});

	it.each([
		['nonsense', '\u0000\u0001\u0002\r\n\r\n'],
		['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
		['two lengths', 'POST /init HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n'],
		[
			'a length and chunks',
			'POST /init HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
		],
	])('are refused when they speak %s', async (_title, text) => {
		const server = await openTestServer();
		const raw = await openRawConnection(server.port);
		raw.write(text);
		expect(await raw.answer).toContain('400 Bad Request');
		expect(await server.figure('infinisst_refused_total{reason="malformed"}')).toBe(1);
		expect(await isWell(server)).toBe(true);
	});
});

describe('upgrades', () => {
	const upgrade = (path: string, ...more: string[]): string =>
		[
			`GET ${path} HTTP/1.1`,
			'host: 127.0.0.1',
			'connection: Upgrade',
			'upgrade: websocket',
			...more,
			'',
			'',
		].join('\r\n');
	const key = 'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==';

	it.each([
		['without a key', upgrade('/v1/stream?source=en&target=de', 'sec-websocket-version: 13'), 400],
		[
			'with a key that is none',
			upgrade('/v1/stream?source=en&target=de', 'sec-websocket-version: 13', 'sec-websocket-key: a'),
			400,
		],
		[
			'of a version nobody speaks',
			upgrade('/v1/stream?source=en&target=de', 'sec-websocket-version: 99', key),
			400,
		],
		[
			'to another protocol',
			upgrade('/v1/stream?source=en&target=de').replace('upgrade: websocket', 'upgrade: h2c'),
			400,
		],
		['to nowhere', upgrade('/nowhere', 'sec-websocket-version: 13', key), 404],
		['to a path that is no socket', upgrade('/health', 'sec-websocket-version: 13', key), 404],
	])('%s are refused, and leave nothing behind', async (_title, text, status) => {
		const server = await openTestServer();
		const raw = await openRawConnection(server.port);
		raw.write(text);
		expect(Number(/^HTTP\/1\.1 (\d+)/.exec(await raw.answer)?.[1])).toBe(status);
		expect(await server.figure('infinisst_sockets_open')).toBe(0);
		expect(await isWell(server)).toBe(true);
	});

	it('that are cut in the middle leave nothing behind', async () => {
		const server = await openTestServer({connectionLimits: impatient, settings: {limits: {sockets: 1}}});
		for (let cut = 10; cut < 200; cut += 10) {
			const raw = await openRawConnection(server.port);
			raw.write(upgrade('/v1/stream?source=en&target=de', 'sec-websocket-version: 13', key).slice(0, cut));
			raw.socket.destroy();
			await raw.answer;
		}
		expect(await isWell(server)).toBe(true);
		await openTestSocket(`${server.socketUrl}/v1/stream?source=en&target=de`);
	});

	it('are no requests: a plain request to a socket is told so', async () => {
		const server = await openTestServer();
		const answer = await fetch(`${server.url}/wss/made-up`);
		expect(answer.status).toBe(426);
		expect(answer.headers.get('upgrade')).toBe('websocket');
	});
});

describe('bodies', () => {
	it.each(['gzip', 'deflate', 'br', 'GZIP', 'gzip, identity'])(
		'packed with %s are refused: a small one could become large',
		async encoding => {
			const server = await openTestServer();
			const answer = await fetch(`${server.url}/init`, {
				method: 'POST',
				headers: {'content-type': 'application/json', 'content-encoding': encoding},
				body: gzipSync(Buffer.alloc(1_000_000)),
			});
			expect(answer.status).toBe(415);
			expect(await server.figure('infinisst_refused_total{reason="encoding"}')).toBe(1);
		},
	);

	it('packed are refused on every route, uploads of recordings too, before a byte of them is read', async () => {
		const server = await openTestServer({settings: {limits: {requestsPerSecond: 0}}});
		const routes = (await listApiRoutes(server)).filter(({method}) => method === 'POST');
		expect(routes.map(({path}) => path)).toEqual(
			expect.arrayContaining(['/init', '/download_youtube', '/v1/audio/transcriptions']),
		);
		// A thousandth of what it holds.
		const bomb = gzipSync(Buffer.alloc(100_000_000));
		const before = process.memoryUsage.rss();
		for (const {path} of routes) {
			const answer = await fetch(`${server.url}${path}`, {
				method: 'POST',
				headers: {'content-type': 'multipart/form-data; boundary=a', 'content-encoding': 'gzip'},
				body: bomb,
			});
			expect(`${path}: ${answer.status}`).toBe(`${path}: 415`);
			expect(await answer.text()).toContain(
				'Bodies with a content-encoding are not taken. Send it as it is.',
			);
		}
		expect(await server.figure('infinisst_refused_total{reason="encoding"}')).toBe(routes.length);
		expect(process.memoryUsage.rss() - before).toBeLessThan(80_000_000);
		expect(await isWell(server)).toBe(true);
	});

	it.each(['/init', '/load_model', '/ray/configure'])('above the limit are refused (%s)', async path => {
		const server = await openTestServer({settings: {limits: {bodyBytes: 1000}}});
		const answer = await fetch(`${server.url}${path}`, {
			method: 'POST',
			headers: {'content-type': 'application/json'},
			body: JSON.stringify({agent_type: 'a'.repeat(2000)}),
		});
		expect(answer.status).toBe(413);
		expect(await server.figure('infinisst_refused_total{reason="body_size"}')).toBe(1);
		expect(await isWell(server)).toBe(true);
	});

	it('that claim to be larger than they are, or never end, hold nobody up', async () => {
		const server = await openTestServer({settings: {limits: {bodyBytes: 1000}}});
		const claim = await requestRaw(server, '/init', {
			method: 'POST',
			headers: {'content-type': 'application/json', 'content-length': '99999999999'},
			body: '{',
		});
		expect(claim.status).toBe(413);
		expect(await isWell(server)).toBe(true);
	});
});

describe('sockets', () => {
	const url = (server: TestServer): string => `${server.socketUrl}/v1/stream?source=en&target=de`;

	it('are closed with 1009 when a frame is above the limit, and others go on', async () => {
		const server = await openTestServer({settings: {limits: {frameBytes: 4096}}});
		const good = await openTestSocket(url(server));
		const bad = await openTestSocket(url(server));
		bad.send(Buffer.alloc(4097));
		expect((await whenClosed(bad)).code).toBe(1009);
		expect(good.readyState).toBe(good.OPEN);
		expect(await server.figure('infinisst_refused_total{reason="frame_size"}')).toBe(1);
	});

	it('are closed when they break the protocol, and the server goes on', async () => {
		const server = await openTestServer();
		const raw = await openRawConnection(server.port);
		raw.write(
			`GET /v1/stream?source=en&target=de HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
				'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
		);
		await new Promise(resolve => raw.socket.once('data', resolve));
		// A frame that is not masked, with a code that is reserved.
		raw.socket.write(Buffer.from([0xf7, 0x01, 0x00]));
		await raw.answer;
		expect(await server.figure('infinisst_refused_total{reason="frame"}')).toBe(1);
		expect(await isWell(server)).toBe(true);
	});

	it('beyond those that may be open are refused until one is closed', async () => {
		const server = await openTestServer({settings: {limits: {sockets: 2}}});
		const first = await openTestSocket(url(server));
		await openTestSocket(url(server));
		expect(await refuseHandshake(url(server))).toMatchObject({status: 503});
		expect(await server.figure('infinisst_refused_total{reason="sockets"}')).toBe(1);
		first.close();
		await whenClosed(first);
		// The server has heard of it, too: the close was answered.
		await openTestSocket(url(server));
	});

	it('by the hundred that never send are all closed, and leave no session behind', async () => {
		const clock = new FakeClock();
		const server = await openTestServer({
			clock,
			settings: {limits: {idleSocketMs: 60_000, requestsPerSecond: 0}},
		});
		const paths = ['/v1/stream?source=en&target=de', '/v1/realtime?intent=transcription', '/wss/made-up'];
		const sockets = await Promise.all(
			Array.from({length: 200}, (_, index) =>
				openTestSocket(`${server.socketUrl}${paths[index % paths.length]!}`),
			),
		);
		const closed = Promise.all(
			sockets.map(async socket => (socket.readyState === socket.CLOSED ? undefined : whenClosed(socket))),
		);
		let areClosed = false;
		void closed.then(() => (areClosed = true));
		// Whoever still waited for a place is excused once.
		await expect
			.poll(() => {
				clock.advance(60_000);
				return areClosed;
			})
			.toBe(true);
		// The server hears of the end after its clients.
		await vi.waitFor(async () => expect(await server.figure('infinisst_sockets_open')).toBe(0));
		expect(await isWell(server)).toBe(true);
	});

	it('whose other end is gone without a word are noticed', async () => {
		const clock = new FakeClock();
		const server = await openTestServer({clock, routes: [registerEcho]});
		const mute = await openTestSocket(`${server.socketUrl}/echo`, [], {autoPong: false});
		const alive = await openTestSocket(`${server.socketUrl}/echo`);
		for (const socket of [mute, alive]) {
			socket.send('here');
			await once(socket, 'message');
		}
		const gone = whenClosed(mute);
		for (let beat = 0; beat < 4; beat++) {
			const asked = once(alive, 'ping');
			clock.advance(30_000);
			await asked;
			// What it answered is heard before what it says later.
			alive.send('still here');
			await once(alive, 'message');
		}
		expect((await gone).code).toBe(1006);
		expect(alive.readyState).toBe(alive.OPEN);
	});
});

function registerEcho(app: FastifyInstance): void {
	app.get('/echo', {websocket: true}, socket => {
		socket.on('message', message => socket.send(message as Buffer));
	});
}

describe('requests within a second', () => {
	it('above the limit are refused, whatever they ask for; /livez always answers', async () => {
		const server = await openTestServer({settings: {limits: {requestsPerSecond: 5}}});
		const statuses: number[] = [];
		for (let count = 0; count < 40; count++) {
			const path = ['/health', '/nowhere', '/docs/'][count % 3]!;
			const answer = await fetch(`${server.url}${path}`);
			await answer.arrayBuffer();
			if (answer.status === 429) expect(answer.headers.get('retry-after')).toBe('1');
			statuses.push(answer.status);
		}
		expect(statuses.slice(0, 5)).not.toContain(429);
		expect(statuses).toContain(429);
		expect((await refuseHandshake(`${server.socketUrl}/v1/stream?source=en&target=de`))?.status).toBe(429);
		for (let count = 0; count < 10; count++) expect(await isWell(server)).toBe(true);
		expect(await server.figure('infinisst_refused_total{reason="rate"}')).toBeGreaterThan(0);
	});

	it('are not counted where there is no limit', async () => {
		const server = await openTestServer({settings: {limits: {requestsPerSecond: 0}}});
		for (let count = 0; count < 150; count++) {
			const answer = await fetch(`${server.url}/nowhere`);
			await answer.arrayBuffer();
			expect(answer.status).toBe(404);
		}
	});
});

describe('paths that lead out of their folder', () => {
	const traversals = [
		'/../../package.json',
		'/..%2f..%2fpackage.json',
		'/%2e%2e/%2e%2e/package.json',
		'/%252e%252e%252f%252e%252e%252fpackage.json',
		'/..%5c..%5cpackage.json',
		'/..\\..\\package.json',
		'/....//....//package.json',
		'/%c0%ae%c0%ae/package.json',
		'/..;/..;/package.json',
		'/package.json%00.html',
		'//etc/passwd',
		'/%2fetc%2fpasswd',
		'/C:%5cWindows%5cwin.ini',
	];

	it.each(['/docs', '/docs/static', '/static', '/test_video', ''])('lead nowhere from %s', async root => {
		const server = await openTestServer();
		for (const path of traversals) {
			const {status, body} = await requestRaw(server, root + path);
			const text = body.toString('latin1');
			expect(`${root}${path}: ${status}`).toMatch(/: (301|302|400|403|404)$/);
			expect(text).not.toContain('"devDependencies"');
			expect(text).not.toContain('root:x:');
		}
		expect(await isWell(server)).toBe(true);
	});
});
