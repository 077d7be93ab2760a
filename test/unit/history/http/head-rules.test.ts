/** Rules of the head that the recorded session had no case of; each was seen on a real Ray 2.60. */
import {expect, it} from 'vitest';

import type {SessionReader} from '../../../../src/history/store/session-reader.js';
import {openHistory} from '../../../../src/history/store/sqlite-history-store.js';
import {EventBatch} from '../../../../src/history/ingest/event-batch.js';
import {ask, askJson, testCluster} from '../../../helpers/history.js';

const id = (hex: string) => Buffer.from(hex, 'hex').toString('base64');
const AT = '2026-11-23T05:00:00.5Z';
const ACTOR = 'ab'.repeat(12) + '01000000';
const [NODE_A, NODE_B] = ['aa'.repeat(28), 'bb'.repeat(28)] as const;
const [WORKER_A, WORKER_B] = ['c1'.repeat(28), 'c2'.repeat(28)] as const;

function event(eventId: string, eventType: string, payload: Record<string, unknown>) {
	return {eventId, eventType, timestamp: AT, sessionName: 'session_test', ...payload};
}

function workerEvents(workerId: string, state: string) {
	const transition = {
		state,
		timestamp: AT,
		...(state === 'DEAD' ? {deathInfo: {exitType: 'INTENDED_SYSTEM_EXIT', exitDetail: 'idle'}} : {}),
	};
	return [
		event(`${workerId} ${state}`, 'WORKER_LIFECYCLE_EVENT', {
			workerLifecycleEvent: {workerId: id(workerId), stateTransitions: [transition]},
		}),
	];
}

function taskEvents(number: number, lifecycle: Record<string, unknown>, taskType = 'NORMAL_TASK') {
	const taskId = id(`${number}`.repeat(40) + '01000000');
	const key = {taskId, jobId: id('01000000'), taskAttempt: 0};
	return [
		event(`definition ${number}`, 'TASK_DEFINITION_EVENT', {
			taskDefinitionEvent: {...key, taskType, taskName: `task${number}`},
		}),
		event(`end ${number}`, 'TASK_LIFECYCLE_EVENT', {taskLifecycleEvent: {...key, ...lifecycle}}),
	];
}

const ended = (state: string) => ({stateTransitions: [{state, timestamp: AT}]});

async function read(
	events: readonly unknown[],
	crashedJobId?: string,
): Promise<{reader: SessionReader; close: () => void}> {
	const store = await openHistory({path: ':memory:'});
	const sessionId = store.openSession(testCluster, 'session_test');
	const batch = new EventBatch();
	for (const raw of events) batch.add(raw, 'test', 'none');
	expect(batch.damages).toEqual([]);
	const json = JSON.stringify({label: 'RAY_DRIVER_FAILURE', custom_fields: {job_id: crashedJobId}});
	const crash = {eventId: 'crash', jobId: crashedJobId ?? '', timestamp: '1795409322', json};
	store.write(sessionId, {events: batch, logEvents: crashedJobId === undefined ? [] : [crash]});
	return {reader: store.read(sessionId), close: () => store.close()};
}

const list = (answer: unknown) =>
	(answer as {data: {result: {result: Record<string, unknown>[]}}}).data.result.result;

const filtered = (column: string, predicate: string, value: string) =>
	new URLSearchParams({
		filter_keys: column,
		filter_predicates: predicate,
		filter_values: value,
	}).toString();

it('leaves a worker that is alive out of every filter by how it ended', async () => {
	const {reader, close} = await read([...workerEvents(WORKER_A, 'ALIVE'), ...workerEvents(WORKER_B, 'DEAD')]);
	const unlike = list(askJson(reader, `/api/v0/workers?${filtered('exit_type', '!=', 'USER_ERROR')}`));
	expect(unlike.map(worker => worker['worker_id'])).toEqual([WORKER_B]);
	close();
});

it('leaves a task that did not fail out of every filter by its error', async () => {
	const {reader, close} = await read([
		...taskEvents(1, ended('FINISHED')),
		...taskEvents(2, {...ended('FAILED'), rayErrorInfo: {errorType: 'TASK_CANCELLED', errorMessage: 'no'}}),
		...taskEvents(3, {...ended('FAILED'), rayErrorInfo: {errorType: 'OWNER_DIED', errorMessage: 'gone'}}),
	]);
	const unlike = list(askJson(reader, `/api/v0/tasks?${filtered('error_type', '!=', 'owner_died')}`));
	expect(unlike.map(task => task['name'])).toEqual(['task2']);
	close();
});

it('lists an actor at each node it lived on, and answers null for one it never knew', async () => {
	const lived = (nodeId: string, workerId: string, second: number) => ({
		state: 'ALIVE',
		timestamp: AT.replace('00.5', `0${second}.5`),
		nodeId: id(nodeId),
		workerId: id(workerId),
		pid: second,
	});
	const {reader, close} = await read([
		...[NODE_A, NODE_B].map(nodeId =>
			event(`node ${nodeId}`, 'NODE_DEFINITION_EVENT', {nodeDefinitionEvent: {nodeId: id(nodeId)}}),
		),
		event('actor', 'ACTOR_DEFINITION_EVENT', {actorDefinitionEvent: {actorId: id(ACTOR), className: 'A'}}),
		event('moved', 'ACTOR_LIFECYCLE_EVENT', {
			actorLifecycleEvent: {
				actorId: id(ACTOR),
				stateTransitions: [lived(NODE_A, WORKER_A, 1), lived(NODE_B, WORKER_B, 2)],
			},
		}),
	]);
	for (const nodeId of [NODE_A, NODE_B]) {
		expect(askJson(reader, `/nodes/${nodeId}`)).toMatchObject({
			data: {detail: {actors: {[ACTOR]: {address: {nodeId: NODE_B}}}}},
		});
	}

	const unknown = '0'.repeat(32);
	expect(askJson(reader, `/logical/actors?ids=${ACTOR},${unknown}`)).toMatchObject({
		msg: 'All actors fetched.',
		data: {actors: {[ACTOR]: {actorId: ACTOR}, [unknown]: null}},
	});
	close();
});

it('tells a driver that crashed from one that took its leave', async () => {
	const job = (jobId: string) => [
		event(`job ${jobId}`, 'DRIVER_JOB_DEFINITION_EVENT', {driverJobDefinitionEvent: {jobId: id(jobId)}}),
		event(`job end ${jobId}`, 'DRIVER_JOB_LIFECYCLE_EVENT', {
			driverJobLifecycleEvent: {jobId: id(jobId), stateTransitions: [{state: 'FINISHED', timestamp: AT}]},
		}),
		event(`driver ${jobId}`, 'TASK_DEFINITION_EVENT', {
			taskDefinitionEvent: {
				taskId: id('f'.repeat(40) + jobId),
				jobId: id(jobId),
				taskAttempt: 0,
				taskType: 'DRIVER_TASK',
			},
		}),
	];
	const {reader, close} = await read([...job('01000000'), ...job('02000000')], '02000000');
	const workers = list(askJson(reader, '/api/v0/workers?detail=1'));
	expect(workers.map(worker => [worker['worker_id'], worker['exit_type']])).toEqual([
		['01000000'.padEnd(56, 'f'), 'INTENDED_USER_EXIT'],
		['02000000'.padEnd(56, 'f'), 'SYSTEM_ERROR'],
	]);
	expect(workers[1]!['exit_detail']).toMatch(/^Worker unexpectedly exits/);
	close();
});

it.each([
	['tasks', 'job_id', '=', 'zz', 'Non-hexadecimal digit found'],
	['tasks', 'job_id', '!=', '0101', 'ID string needs to have length 4, got 2'],
	['tasks', 'task_id', '=', 'abc', 'Odd-length string'],
	['tasks', 'actor_id', '=', 'ab', 'ID string needs to have length 16, got 1'],
	['actors', 'job_id', '=', 'zz', 'Non-hexadecimal digit found'],
	['actors', 'state', '=', 'gone', 'Invalid actor state for filtering: GONE'],
	['nodes', 'node_id', '=', 'ab', 'ID string needs to have length 28, got 1'],
	['nodes', 'state', '=', 'gone', 'Invalid node state for filtering: GONE'],
])('refuses to list %s by %s %s %s', async (what, column, predicate, value, msg) => {
	const {reader, close} = await read([]);
	const path = `/api/v0/${what}?${filtered(column, predicate, value)}`;
	expect(ask(reader, path).status).toBe(400);
	expect(askJson(reader, path)).toEqual({result: false, msg, data: {result: null}});
	close();
});

it.each([
	`/api/v0/tasks/summarize?${filtered('job_id', '=', 'zz')}`,
	'/api/v0/tasks/summarize?summary_by=nothing',
	'/api/v0/tasks/timeline?job_id=zz',
	`/api/v0/actors/summarize?${filtered('state', '=', 'gone')}`,
])('answers %s with the general fault, as nothing looks for wrong requests there', async path => {
	const {reader, close} = await read([]);
	expect(ask(reader, path)).toMatchObject({status: 500, contentType: 'text/plain; charset=utf-8'});
	close();
});

it('counts nodes and workers that the source leaves out as cut off', async () => {
	const {reader, close} = await read([
		event('node', 'NODE_DEFINITION_EVENT', {nodeDefinitionEvent: {nodeId: id(NODE_A)}}),
		event('dead', 'NODE_LIFECYCLE_EVENT', {
			nodeLifecycleEvent: {nodeId: id(NODE_A), stateTransitions: [{state: 'DEAD', timestamp: AT}]},
		}),
		event('other', 'NODE_DEFINITION_EVENT', {nodeDefinitionEvent: {nodeId: id(NODE_B)}}),
		...workerEvents(WORKER_A, 'ALIVE'),
		...workerEvents(WORKER_B, 'DEAD'),
	]);
	const cutOff = {data: {result: {total: 2, num_after_truncation: 1, num_filtered: 1}}};
	expect(askJson(reader, `/api/v0/nodes?${filtered('state', '=', 'alive')}`)).toMatchObject(cutOff);
	expect(askJson(reader, `/api/v0/workers?${filtered('is_alive', '=', 'True')}`)).toMatchObject(cutOff);
	expect(askJson(reader, `/api/v0/workers?${filtered('is_alive', '=', 'true')}`)).toMatchObject({
		data: {result: {total: 2, num_after_truncation: 2, num_filtered: 1}},
	});
	close();
});

it('refuses an unknown column where there are tasks to look at, and only there', async () => {
	const path = `/api/v0/tasks?${filtered('no_such_column', '=', 'x')}`;
	const empty = await read([]);
	expect(askJson(empty.reader, path)).toMatchObject({result: true, data: {result: {total: 0, result: []}}});
	empty.close();
	const {reader, close} = await read(taskEvents(1, ended('FINISHED')));
	expect(ask(reader, path).status).toBe(400);
	close();
});
