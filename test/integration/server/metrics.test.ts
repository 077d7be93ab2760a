import {expect, it, vi} from 'vitest';
import {openTestServer, type TestServer} from '../../helpers/open-test-server.js';
import {openTestSocket, whenClosed} from '../../helpers/test-socket.js';

async function scrape(server: TestServer): Promise<ReadonlyMap<string, number>> {
	const answer = await fetch(`${server.url}/metrics`);
	expect(answer.headers.get('content-type')).toContain('text/plain');
	const lines = (await answer.text()).split('\n').filter(line => line !== '' && !line.startsWith('#'));
	return new Map(
		lines.map(line => {
			const end = line.lastIndexOf(' ');
			return [line.slice(0, end), Number(line.slice(end + 1))];
		}),
	);
}

it('counts sessions, sockets, audio, text and delays', async () => {
	const server = await openTestServer();
	const socket = await openTestSocket(`${server.socketUrl}/v1/stream?source=en&target=de`, ['infinisst.v1']);
	const texts: string[] = [];
	socket.on('message', (data: Buffer) => {
		const event = JSON.parse(data.toString()) as {type: string; text: string};
		if (event.type === 'final') texts.push(event.text);
	});
	const samples = Float32Array.from({length: 3 * 16_000}, (_, index) => Math.sin(index * index) / 2);
	socket.send(Buffer.from(samples.buffer));
	await vi.waitFor(() => expect(texts.join('')).not.toBe(''));

	const open = await scrape(server);
	expect(open.get('infinisst_sockets_open')).toBe(1);
	expect(open.get('infinisst_sockets_opened_total')).toBe(1);
	expect(open.get('infinisst_sessions{status="active"}')).toBe(1);
	expect(open.get('infinisst_sessions{status="queued"}')).toBe(0);
	expect(open.get('infinisst_queue_length')).toBe(0);
	expect(open.get('infinisst_sessions_opened_total{door="stream"}')).toBe(1);
	expect(open.get('infinisst_replicas{model="scripted",state="ready"}')).toBe(1);
	const replica = [...open.keys()].filter(name => name.startsWith('infinisst_replica_'));
	for (const name of [
		'up_seconds',
		'sessions',
		'resident_bytes',
		'queue_wait_seconds',
		'decode_steps_total',
	]) {
		expect(replica.some(key => key.startsWith(`infinisst_replica_${name}{`))).toBe(true);
	}
	expect(open.get('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThanOrEqual(0);
	expect(open.get('process_resident_memory_bytes')).toBeGreaterThan(0);

	server.parts.sessions.list()[0]!.end();
	await whenClosed(socket);
	const closed = await scrape(server);
	expect(closed.get('infinisst_audio_seconds_total')).toBe(3);
	expect(closed.get('infinisst_final_characters_total')).toBe(texts.join('').length);
	expect(closed.get('infinisst_lag_seconds_count')).toBeGreaterThan(0);
	expect(closed.get('infinisst_sessions_closed_total{outcome="ended"}')).toBe(1);
	expect(closed.get('infinisst_sessions{status="active"}')).toBe(0);
});

it('measures requests by route, and does not grow with paths that are made up', async () => {
	const server = await openTestServer();
	for (const path of ['/livez', '/nowhere/1', '/nowhere/2', '/nowhere/3'])
		await fetch(`${server.url}${path}`);
	const figures = await scrape(server);
	const name = 'infinisst_http_request_duration_seconds_count';
	expect(figures.get(`${name}{method="GET",route="/livez",status="200"}`)).toBe(1);
	expect(figures.get(`${name}{method="GET",route="unknown",status="404"}`)).toBe(3);
	expect([...figures.keys()].filter(key => key.includes('nowhere'))).toEqual([]);
});

it('leaves out a replica that does not answer', async () => {
	const server = await openTestServer();
	const [router] = [...server.models.routers().values()];
	vi.spyOn(router!, 'statistics').mockRejectedValue(new Error('gone'));
	const figures = await scrape(server);
	expect(figures.get('infinisst_replicas{model="scripted",state="ready"}')).toBe(1);
	expect([...figures.keys()].some(name => name.startsWith('infinisst_replica_up_seconds{'))).toBe(false);
});
