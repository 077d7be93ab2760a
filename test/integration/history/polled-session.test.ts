import {afterEach, beforeEach, describe, expect, it} from 'vitest';

import {EventBatch} from '../../../src/history/ingest/event-batch.js';
import type {HistoryStore} from '../../../src/history/store/history-store.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {askJson, testCluster} from '../../helpers/history.js';

const NODE_ID = '1b'.repeat(28);
const ACTOR_ID = '2c'.repeat(16);

let store: HistoryStore;
let sessionId: number;

beforeEach(async () => {
	store = await openHistory({path: ':memory:'});
	sessionId = store.openSession(testCluster, 'session_test');
});

afterEach(() => store.close());

function keep(path: string, body: unknown): void {
	store.write(sessionId, {snapshots: [{path, query: '', fetchedMs: 1, body: JSON.stringify(body)}]});
}

function keepEvent(eventType: string, payload: object): void {
	const batch = new EventBatch();
	const timestamp = '2026-11-23T05:00:00.000000001Z';
	batch.add({eventId: 'AAAA', eventType, timestamp, sessionName: 'session_test', ...payload}, 'test', 'none');
	expect(batch.damages).toEqual([]);
	store.write(sessionId, {events: batch});
}

const ask = (address: string) => askJson(store.read(sessionId), address);

describe('a session whose head was asked, and whose events nobody exported', () => {
	const actor = {
		actorId: ACTOR_ID,
		jobId: '01000000',
		className: 'Counter',
		name: 'first',
		state: 'ALIVE',
		pid: 7,
		numRestarts: '2',
		address: {nodeId: NODE_ID},
		requiredResources: {CPU: 1},
	};

	it('lists actors and nodes as the head did, and filters them', () => {
		keep('/logical/actors', {result: true, msg: '', data: {actors: {[ACTOR_ID]: actor}}});
		const node = {node_id: NODE_ID, node_ip: '10.0.0.1', state: 'ALIVE', is_head_node: true};
		keep('/api/v0/nodes', {result: true, msg: '', data: {result: {result: [node]}}});
		expect(ask('/logical/actors')).toMatchObject({data: {actors: {[ACTOR_ID]: actor}}});
		expect(ask('/logical/actors?ids=00')).toEqual({
			...{result: true, msg: 'All actors fetched.', data: {actors: {'00': null}}},
		});
		expect(ask(`/logical/actors/${ACTOR_ID}`)).toMatchObject({data: {detail: actor}});
		const list = '/api/v0/actors?filter_keys=class_name&filter_predicates=%3D&filter_values=counter';
		expect(ask(list)).toMatchObject({
			data: {result: {num_filtered: 1, result: [{actor_id: ACTOR_ID, node_id: NODE_ID, pid: 7}]}},
		});
		expect(ask('/api/v0/nodes')).toMatchObject({data: {result: {total: 1, result: [node]}}});
		const dead = '/api/v0/nodes?filter_keys=state&filter_predicates=%3D&filter_values=DEAD';
		expect(ask(dead)).toMatchObject({data: {result: {num_filtered: 0}}});
	});

	it('has nothing of that as soon as events tell of it', () => {
		keep('/logical/actors', {result: true, msg: '', data: {actors: {[ACTOR_ID]: actor}}});
		const other = Buffer.alloc(16, 3);
		keepEvent('ACTOR_DEFINITION_EVENT', {actorDefinitionEvent: {actorId: other.toString('base64')}});
		const {data} = ask('/logical/actors') as {data: {actors: object}};
		expect(Object.keys(data.actors)).toEqual([other.toString('hex')]);
	});

	it('takes the word of the head for a job, unless events tell that it has ended since', () => {
		const job = (id: string, status: string) => ({type: 'DRIVER', job_id: id, submission_id: null, status});
		keep('/api/jobs', [job('01000000', 'RUNNING'), job('02000000', 'FAILED')]);
		const states = () =>
			(ask('/api/jobs/') as {job_id: string; status: string}[]).map(({job_id: id, status}) => [id, status]);
		expect(states().sort()).toEqual([
			['01000000', 'RUNNING'],
			['02000000', 'FAILED'],
		]);
		const jobId = 'AQAAAA==';
		keepEvent('DRIVER_JOB_DEFINITION_EVENT', {driverJobDefinitionEvent: {jobId, config: {}}});
		expect(states()).toContainEqual(['01000000', 'RUNNING']);
		const stateTransitions = [{state: 'FINISHED', timestamp: '2026-11-23T05:00:01.000000001Z'}];
		const batch = new EventBatch();
		batch.add(
			{
				...{eventId: 'BBBB', eventType: 'DRIVER_JOB_LIFECYCLE_EVENT', sessionName: 'session_test'},
				timestamp: '2026-11-23T05:00:01.000000001Z',
				driverJobLifecycleEvent: {jobId, stateTransitions},
			},
			'test',
			'none',
		);
		expect(batch.damages).toEqual([]);
		store.write(sessionId, {events: batch});
		expect(states().sort()).toEqual([
			['01000000', 'SUCCEEDED'],
			['02000000', 'FAILED'],
		]);
	});
});
