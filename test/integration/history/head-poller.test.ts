import {once} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';

import {InfinisstError} from '../../../src/core/errors.js';
import {createDeferred} from '../../../src/core/util/deferred.js';
import {HeadPoller, type HeadPollerOptions} from '../../../src/history/collect/head-poller.js';
import type {HistoryStore} from '../../../src/history/store/history-store.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {FakeClock} from '../../helpers/fake-clock.js';
import {startHead, type TestHead} from '../../helpers/head.js';
import {askJson, testCluster} from '../../helpers/history.js';

const NOW_MS = 1_800_000_000_000;

/** What a head answers, by path with query; a function does what it likes. */
type Answers = Record<string, unknown>;

let store: HistoryStore;
let head: TestHead;
let answers: Answers;
let notices: string[];
let nowMs: number;

const job = (id: string, status: string) => ({type: 'DRIVER', job_id: id, submission_id: null, status});

beforeEach(async () => {
	store = await openHistory({path: ':memory:'});
	notices = [];
	nowMs = NOW_MS;
	answers = {
		'/api/version': {version: '4', ray_version: '2.60.0', session_name: 'session_a'},
		'/timezone': {offset: '+02:00', value: 'Europe/Athens'},
		'/api/v0/cluster_metadata': {result: true, msg: '', data: {rayVersion: '2.60.0'}},
		'/api/jobs/': [job('01000000', 'SUCCEEDED'), job('02000000', 'RUNNING')],
		'/logical/actors': {result: true, msg: '', data: {actors: {}}},
		'/nodes?view=summary': {result: true, msg: '', data: {summary: [], nodeLogicalResources: {}}},
		'/api/v0/nodes?detail=1&limit=10000': {result: true, msg: '', data: {result: {result: []}}},
		'/api/v0/placement_groups?detail=1&limit=10000': {
			result: true,
			msg: '',
			data: {result: {result: [{placement_group_id: 'aa', name: 'group', state: 'CREATED'}]}},
		},
		'/api/serve/applications/': {applications: {app: {}}},
		'/api/data/datasets/01000000': {datasets: [{dataset: 'one'}]},
		'/api/data/datasets/02000000': {datasets: []},
	};
	head = await startHead(answer);
});

afterEach(() => store.close());

function answer(request: IncomingMessage, response: ServerResponse): void {
	const known = answers[request.url!];
	if (typeof known === 'function') (known as (response: ServerResponse) => void)(response);
	else if (known === undefined) response.writeHead(404).end('404: Not Found');
	else response.end(JSON.stringify(known));
}

function createPoller(options: Partial<HeadPollerOptions> = {}): HeadPoller {
	return new HeadPoller({
		...{store, cluster: testCluster, address: head.address, intervalMs: 10_000, clock: new FakeClock()},
		...{now: () => nowMs, onNotice: text => void notices.push(text), ...options},
	});
}

const never = new AbortController().signal;

function readSession(name: string) {
	return store.read(store.openSession(testCluster, name));
}

describe('asking a live head', () => {
	it('keeps all that a session needs of it besides events', async () => {
		expect(await createPoller().poll(never)).toEqual({type: 'stored', session: 'session_a', snapshots: 11});
		const asked = new Set(head.requests.map(({url}) => url));
		for (const path of Object.keys(answers)) expect(asked).toContain(path);
		const reader = readSession('session_a');
		for (const path of [
			'/timezone',
			'/api/jobs/',
			'/api/serve/applications/',
			'/api/data/datasets/01000000',
		]) {
			expect(askJson(reader, path)).toEqual(answers[path]);
		}

		expect(askJson(reader, '/api/v0/placement_groups')).toMatchObject({data: {result: {total: 1}}});
		expect(reader.session).toMatchObject({
			...{headAddress: head.address, headSeenMs: NOW_MS, firstMs: NOW_MS, lastMs: NOW_MS},
		});
	});

	it('asks on when the head is gone, says so once, and goes on when it is there again', async () => {
		const poller = createPoller();
		await poller.poll(never);
		await head.stop();
		expect(await poller.poll(never)).toEqual({type: 'no-head'});
		expect(await poller.poll(never)).toEqual({type: 'no-head'});
		// Whether its last connection was seen to be cut before it was refused another depends on the moment.
		expect(notices).toEqual([
			expect.stringMatching(/^the head at http:\S+ does not answer: .*; asking on every 10 s$/),
		]);
		expect(askJson(readSession('session_a'), '/api/jobs/')).toHaveLength(2);
		answers['/api/jobs/'] = [job('03000000', 'RUNNING')];
		nowMs += 60_000;
		await head.start();
		expect(await poller.poll(never)).toMatchObject({type: 'stored'});
		expect(notices.slice(1)).toEqual([`the head at ${head.address} answers again`]);
		expect(askJson(readSession('session_a'), '/api/jobs/')).toMatchObject([{job_id: '03000000'}]);
		expect(readSession('session_a').session.headSeenMs).toBe(NOW_MS + 60_000);
	});

	it('takes another session at the same address for another', async () => {
		const poller = createPoller();
		await poller.poll(never);
		answers['/api/version'] = {session_name: 'session_b'};
		answers['/api/jobs/'] = [];
		expect(await poller.poll(never)).toMatchObject({type: 'stored', session: 'session_b'});
		expect(askJson(readSession('session_a'), '/api/jobs/')).toHaveLength(2);
		expect(askJson(readSession('session_b'), '/api/jobs/')).toEqual([]);
		// The same answer as before, but of another session.
		expect(askJson(readSession('session_b'), '/timezone')).toEqual(answers['/timezone']);
		expect(notices).toEqual([`the head at ${head.address} now runs session_b, no longer session_a`]);
	});

	it('keeps nothing of a round in which the head was started anew', async () => {
		const poller = createPoller();
		answers['/api/serve/applications/'] = (response: ServerResponse) => {
			answers['/api/version'] = {session_name: 'session_b'};
			response.end('{}');
		};
		expect(await poller.poll(never)).toEqual({type: 'session-changed'});
		expect(store.sessions()).toEqual([]);
		expect(await poller.poll(never)).toMatchObject({type: 'stored', session: 'session_b'});
	});

	it('leaves out what is no answer, and keeps the last that was one', async () => {
		const poller = createPoller({timeoutMs: 300, maxBytes: 100_000});
		await poller.poll(never);
		const changed = {offset: '+03:00', value: 'changed'};
		answers['/timezone'] = changed;
		answers['/api/jobs/'] = (response: ServerResponse) => response.end('<html>');
		answers['/logical/actors'] = (response: ServerResponse) => response.writeHead(500).end('{}');
		answers['/nodes?view=summary'] = (response: ServerResponse) =>
			response.end('[' + '0,'.repeat(60_000) + '0]');
		answers['/api/v0/cluster_metadata'] = () => undefined;
		answers['/api/serve/applications/'] = (response: ServerResponse) => {
			response.writeHead(200, {'content-length': 100});
			response.write('{"applications": {');
			setImmediate(() => response.destroy());
		};
		expect(await poller.poll(never)).toMatchObject({type: 'stored'});
		await poller.poll(never);
		const reader = readSession('session_a');
		expect(askJson(reader, '/timezone')).toEqual(changed);
		expect(askJson(reader, '/api/jobs/')).toHaveLength(2);
		expect(askJson(reader, '/api/serve/applications/')).toEqual({applications: {app: {}}});
		expect(notices.sort()).toEqual([
			`/api/serve/applications/ of the head at ${head.address} is left out: the connection was cut`,
			`/api/v0/cluster_metadata of the head at ${head.address} is left out: no answer within 0.3 s`,
			`/nodes?view=summary of the head at ${head.address} is left out: its answer is too large`,
		]);
	});

	it('asks for the data sets of a job that has ended no more', async () => {
		const poller = createPoller();
		const asked = () => head.requests.filter(({url}) => url!.startsWith('/api/data/')).map(({url}) => url);
		await poller.poll(never);
		expect(asked()).toEqual(['/api/data/datasets/02000000', '/api/data/datasets/01000000']);
		await poller.poll(never);
		expect(asked().slice(2)).toEqual(['/api/data/datasets/02000000']);
	});

	it('sends the token that the head asks for, and says when there is none', async () => {
		const locked = await startHead((request, response) => {
			if (request.headers.authorization === 'Bearer of the head') answer(request, response);
			else response.writeHead(401).end();
		});
		expect(await createPoller({address: locked.address}).poll(never)).toEqual({type: 'no-head'});
		expect(notices).toEqual([
			`the head at ${locked.address} does not answer: status 401, it asks for a token (--ray-token-file); asking on every 10 s`,
		]);
		const opened = createPoller({address: locked.address, token: 'of the head'});
		expect(await opened.poll(never)).toMatchObject({type: 'stored'});
	});

	it('tries again to store what could not be stored', async () => {
		let isFull = true;
		const failing: HistoryStore = Object.create(store, {
			write: {
				value(...what: Parameters<HistoryStore['write']>) {
					if (isFull) throw new InfinisstError('DISK_FULL', 'The history cannot grow');
					store.write(...what);
				},
			},
		}) as HistoryStore;
		Object.assign(failing, {openSession: store.openSession.bind(store)});
		const poller = createPoller({store: failing});
		expect(await poller.poll(never)).toEqual({type: 'not-stored'});
		expect(await poller.poll(never)).toEqual({type: 'not-stored'});
		isFull = false;
		expect(await poller.poll(never)).toMatchObject({type: 'stored', snapshots: 11});
		expect(askJson(readSession('session_a'), '/timezone')).toEqual(answers['/timezone']);
		expect(notices).toEqual([
			'what the head answered is not stored: The history cannot grow; trying on',
			'what the head answers is stored again',
		]);
	});

	it('begins a round an interval after the last, and ends in the middle of one', async () => {
		const clock = new FakeClock();
		const ending = new AbortController();
		const running = createPoller({clock, intervalMs: 10_000}).run(ending.signal);
		await expect.poll(() => clock.timerCount).toBe(1);
		const first = head.requests.length;
		clock.advance(9_999);
		expect(clock.timerCount).toBe(1);
		clock.advance(1);
		await expect.poll(() => clock.timerCount).toBe(1);
		expect(head.requests.length).toBeGreaterThan(first);
		const stuck = createDeferred<ServerResponse>();
		answers['/timezone'] = (response: ServerResponse) => stuck.resolve(response);
		clock.advance(10_000);
		const left = once(await stuck.promise, 'close');
		ending.abort();
		await running;
		await left;
		expect(notices).toEqual([]);
	});
});
