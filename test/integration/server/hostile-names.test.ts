import {describe, expect, it} from 'vitest';

import {ask, init, post} from '../../helpers/compatible-client.js';
import {openTestServer} from '../../helpers/open-test-server.js';
import {requestRaw} from '../../helpers/raw-request.js';
import {openTestSocket, refuseHandshake, whenClosed} from '../../helpers/test-socket.js';

describe('session ids with control characters', () => {
	const encoded = [
		'%00',
		'%0d%0aset-cookie:%20a=b',
		'a%1b%5b2J',
		'%7f',
		'%e2%80%a8',
		'x%00_English%20-%3E%20German_1',
	];

	it.each(encoded)(
		'%s names no session on any route, and gets into no header or line of the log',
		async id => {
			const server = await openTestServer();
			for (const path of [`/queue_status/${id}`, `/session_delays/${id}`]) {
				const {status, headers, body} = await requestRaw(server, path);
				expect(`${path}: ${status}`).toMatch(/: (200|404)$/);
				expect(JSON.stringify(headers)).not.toMatch(/set-cookie/i);
				expect(body.toString()).toMatch(/not_found|Session not found|Invalid session ID/);
			}
			const socket = await openTestSocket(`${server.socketUrl}/wss/${id}`);
			expect(await whenClosed(socket)).toEqual({code: 4000, reason: 'Invalid session ID'});
			expect(await refuseHandshake(`${server.socketUrl}/v1/stream/${id}/listen`)).toMatchObject({
				status: 404,
			});
			for (const line of server.logged) expect(Object.values(line).join(' ')).not.toMatch(/[\p{Cc}\u2028]/u);
		},
	);

	it.each([
		'/ping',
		'/reset_translation',
		'/update_latency',
		'/enable_evaluation_mode',
		'/export_session_delays',
	])('are unknown to %s', async path => {
		const {url} = await openTestServer();
		const answer = await ask(url, path, {json: {session_id: 'a\u0000\r\nb', latency_multiplier: 2}});
		expect(answer['success']).toBe(false);
	});

	it.each(['a\u0000b', 'a\r\nb', 'a\u001b[2J', 'a\u2028b', '\u007f'])(
		'are made of no client_id (%j)',
		async clientId => {
			const {url, parts} = await openTestServer();
			const answer = await ask(url, '/init', {
				query: {agent_type: 'InfiniSST', language_pair: 'English -> German', client_id: clientId},
			});
			expect(answer).toMatchObject({
				success: false,
				error: expect.stringContaining('control character') as string,
			});
			expect(parts.sessions.list()).toEqual([]);
		},
	);
});

describe('export paths', () => {
	it.each([
		...['/etc/cron.d/x', '../x', 'a/../../x', '..\\x', 'C:\\x', '\\\\host\\share', '%2e%2e/x', '..%2fx'],
		...['a\u0000.log', '~/x', '.ssh/config', 'a//b', 'con:', '-x', 'a\nb', ''],
	])('%j are refused', async filepath => {
		const {url} = await openTestServer();
		const id = await init(url, {evaluation_mode: true});
		const answer = await ask(url, '/export_session_delays', {json: {session_id: id, filepath}});
		// Nothing given is a name of the server's choice.
		expect(answer['success']).toBe(filepath === '');
	});
});

describe('addresses of videos that are options of the program behind', () => {
	it.each([
		...['--exec=id', '-o/tmp/x', '--config-locations=/etc', ' --exec id', '\t-v', '\n--exec=id', '--', '-'],
		...['https://youtube.com\n--exec=id', '"--exec=id"'],
	])('%j are refused before anything is started', async address => {
		const server = await openTestServer();
		const response = await post(server.url, '/download_youtube', {json: {url: address}});
		expect([200, 422]).toContain(response.status);
		expect(response.headers.get('content-type')).toContain('application/json');
		expect(await response.json()).toMatchObject({error: expect.any(String) as string});
	});
});

describe('forms', () => {
	it.each([
		['without a boundary', 'multipart/form-data', '--x--\r\n'],
		['with an endless boundary', `multipart/form-data; boundary=${'x'.repeat(1000)}`, '--x--\r\n'],
		['with an empty boundary', 'multipart/form-data; boundary=""', '--x--\r\n'],
		[
			'that break off',
			'multipart/form-data; boundary=x',
			'--x\r\ncontent-disposition: form-data; name="file"; file',
		],
		['that are none', 'multipart/form-data; boundary=x', 'nothing'],
	])('%s are refused, and are no fault', async (_title, contentType, body) => {
		const server = await openTestServer();
		const response = await fetch(`${server.url}/v1/audio/transcriptions`, {
			method: 'POST',
			headers: {'content-type': contentType},
			body,
		});
		expect(response.status).toBe(400);
		expect(await response.json()).toMatchObject({error: {type: 'invalid_request_error'}});
		const headers = {'content-type': contentType};
		const old = await fetch(`${server.url}/ping`, {method: 'POST', headers, body});
		expect(old.status).toBe(422);
		expect(server.logged.filter(({level}) => level === 'error')).toEqual([]);
	});
});

describe('sockets', () => {
	const doors = [
		'/v1/stream?source=en&target=de',
		'/v1/stream',
		'/v1/realtime?intent=transcription',
		'/v1/realtime/translations',
	];

	it.each(doors)('%s is closed with 1009 when a frame is above the limit', async door => {
		const server = await openTestServer({settings: {limits: {frameBytes: 4096}}});
		const socket = await openTestSocket(server.socketUrl + door);
		const closed = whenClosed(socket);
		socket.send(Buffer.alloc(4097));
		expect((await closed).code).toBe(1009);
		expect(await server.figure('infinisst_refused_total{reason="frame_size"}')).toBe(1);
	});

	it('/wss is closed with 1009 when a frame is above the limit, and the session stays', async () => {
		const server = await openTestServer({settings: {limits: {frameBytes: 4096}}});
		const id = await init(server.url);
		const socket = await openTestSocket(`${server.socketUrl}/wss/${encodeURIComponent(id)}`);
		const closed = whenClosed(socket);
		socket.send(Buffer.alloc(4097));
		expect((await closed).code).toBe(1009);
		expect(server.parts.sessions.find(id)).toBeDefined();
	});

	it.each(doors)('%s takes no packed frames: a small one could become large', async door => {
		const server = await openTestServer();
		const socket = await openTestSocket(server.socketUrl + door, [], {perMessageDeflate: true});
		expect(socket.extensions).toBe('');
	});

	it.each(doors)('%s is opened for no page of another origin', async door => {
		const server = await openTestServer();
		for (const origin of [
			'https://example.org',
			'null',
			'file://example.org',
			`http://127.0.0.1.example.org:${server.port}`,
		]) {
			expect(await refuseHandshake(server.socketUrl + door, [], {origin})).toMatchObject({status: 403});
		}
		expect(await server.figure('infinisst_refused_total{reason="origin"}')).toBe(4);
	});

	it.each([
		['half a sample', '/v1/stream?source=en&target=de', Buffer.alloc(7), 'audio'],
		['NaN', '/v1/stream?source=en&target=de', Buffer.from(Float32Array.of(NaN).buffer), 'audio'],
		['wrong JSON', '/v1/stream?source=en&target=de', '{"type":', 'frame'],
		['wrong JSON', '/v1/realtime?intent=transcription', '{"type":', 'frame'],
		['a binary frame', '/v1/realtime/translations', Buffer.alloc(8), 'frame'],
	])('%s at %s is answered, and counted', async (_title, door, frame, reason) => {
		const server = await openTestServer();
		const socket = await openTestSocket(server.socketUrl + door);
		const answered = new Promise<void>(resolve => {
			socket.on('message', (data: Buffer) => {
				if ((JSON.parse(data.toString()) as {type: string}).type === 'error') resolve();
			});
		});
		socket.send(frame);
		await answered;
		expect(socket.readyState).toBe(socket.OPEN);
		expect(await server.figure(`infinisst_refused_total{reason="${reason}"}`)).toBe(1);
	});
});
