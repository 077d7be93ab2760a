/** Rules of the head that the recorded session had no case of; each was seen on a real Ray 2.60. */
import {expect, it} from 'vitest';

import type {SessionReader} from '../../../../src/history/store/session-reader.js';
import {openHistory} from '../../../../src/history/store/sqlite-history-store.js';
import {EventBatch} from '../../../../src/history/ingest/event-batch.js';
import {ask, askJson, readBody, testCluster} from '../../../helpers/history.js';

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

it('refuses a column or value only where a row that passed the filters before it is looked at', async () => {
	const {reader, close} = await read([
		...taskEvents(1, ended('FINISHED')),
		event('node', 'NODE_DEFINITION_EVENT', {nodeDefinitionEvent: {nodeId: id(NODE_A)}}),
	]);
	const after = (column: string, value: string, list: string) =>
		`/api/v0/${list}?${filtered(column, '=', value)}&${filtered('no_such_column', '=', 'x')}`;
	expect(ask(reader, after('node_id', NODE_B, 'tasks')).status).toBe(200);
	expect(ask(reader, after('name', 'task1', 'tasks')).status).toBe(400);
	expect(ask(reader, after('node_name', 'none', 'nodes')).status).toBe(200);
	expect(ask(reader, after('node_name', '', 'nodes')).status).toBe(400);
	expect(askJson(reader, `/api/v0/tasks?${filtered('attempt_number', '=', 'one')}`)).toMatchObject({
		msg: expect.stringMatching(/^Invalid filter/) as string,
	});
	close();
});

it('passes a key on to its source only as it is called there', async () => {
	const {reader, close} = await read([
		...taskEvents(1, ended('FINISHED')),
		...taskEvents(2, ended('FAILED')),
		event('node', 'NODE_DEFINITION_EVENT', {nodeDefinitionEvent: {nodeId: id(NODE_A)}}),
	]);
	expect(askJson(reader, `/api/v0/tasks?${filtered('STATE', '=', 'failed')}`)).toMatchObject({
		data: {result: {total: 2, num_after_truncation: 2, num_filtered: 1}},
	});
	expect(askJson(reader, `/api/v0/tasks?${filtered('ATTEMPT_NUMBER', '!=', '0')}`)).toMatchObject({
		data: {result: {num_filtered: 2}},
	});
	expect(ask(reader, `/api/v0/nodes?${filtered('Node_Id', '=', 'zz')}`).status).toBe(200);
	close();
});

it('disregards the case of all letters', async () => {
	const key = {taskId: id('11'.repeat(20) + '01000000'), jobId: id('01000000'), taskAttempt: 0};
	const {reader, close} = await read([
		event('definition', 'TASK_DEFINITION_EVENT', {taskDefinitionEvent: {...key, taskName: 'Größe É'}}),
	]);
	const count = (predicate: string) =>
		list(askJson(reader, `/api/v0/tasks?${filtered('name', predicate, 'grÖßE é')}`)).length;
	expect([count('='), count('!=')]).toEqual([1, 0]);
	close();
});

it('counts the milliseconds of tasks as doubles do, in which one that is whole may be the one before', async () => {
	const {reader, close} = await read(
		taskEvents(1, {stateTransitions: [{state: 'FINISHED', timestamp: '2026-11-23T04:50:47.962Z'}]}),
	);
	expect(list(askJson(reader, '/api/v0/tasks?detail=1'))[0]!['end_time_ms']).toBe(1795409447961);
	close();
});

it('reads enumerations by number, times with an offset or in two numbers, and leaves out states of a later Ray', async () => {
	const {reader, close} = await read([
		...taskEvents(1, {
			stateTransitions: [
				{state: 8, timestamp: '2026-11-23T06:00:00.5+01:00'},
				{state: 12, timestamp: {seconds: '1795410001', nanos: 500}},
				{state: 99, timestamp: AT},
			],
			rayErrorInfo: {errorType: 22},
			taskLogInfo: {stdoutFile: null, stdoutStart: null},
		}),
		event('dead', 'NODE_LIFECYCLE_EVENT', {
			nodeLifecycleEvent: {
				nodeId: id(NODE_A),
				stateTransitions: [
					{state: 1, timestamp: AT},
					{state: 7, timestamp: AT},
				],
			},
		}),
	]);
	expect(list(askJson(reader, '/api/v0/tasks?detail=1'))[0]).toMatchObject({
		state: 'FAILED',
		error_type: 'OUT_OF_MEMORY',
		start_time_ms: Date.parse(AT),
		end_time_ms: 1795410001000,
		task_log_info: null,
	});
	expect(list(askJson(reader, '/api/v0/nodes'))[0]).toMatchObject({state: 'DEAD'});
	close();
});

it('lists first the attempt that finished, and takes the time of an actor from the task that led to it', async () => {
	const creation = `${'f'.repeat(16)}${ACTOR}`;
	const method = `${'11'.repeat(8)}${ACTOR}`;
	const child = `${'00'.repeat(8)}${'f'.repeat(24)}01000000`;
	const task = (taskId: string, parentTaskId: string, second: number, more: object, attempt = 0) => {
		const key = {taskId: id(taskId), jobId: id('01000000'), taskAttempt: attempt};
		const kind = 'actorFunc' in more ? 'actorTask' : 'task';
		const type = kind === 'task' ? 'TASK_DEFINITION_EVENT' : 'ACTOR_TASK_DEFINITION_EVENT';
		const states = [
			{state: 'PENDING_ARGS_AVAIL', timestamp: AT.replace('00.5', `0${second}.5`)},
			...(attempt === 0 ? [{state: 'FINISHED', timestamp: AT}] : []),
		];
		return [
			event(`${taskId} ${attempt}`, type, {
				[`${kind}DefinitionEvent`]: {...key, parentTaskId: id(parentTaskId), ...more},
			}),
			event(`${taskId} ${attempt} end`, 'TASK_LIFECYCLE_EVENT', {
				taskLifecycleEvent: {...key, stateTransitions: states},
			}),
		];
	};
	const driver = `${'f'.repeat(40)}01000000`;
	const {reader, close} = await read([
		...task(creation, driver, 1, {taskType: 'ACTOR_CREATION_TASK', taskName: 'A.__init__'}),
		...task(method, driver, 2, {actorFunc: {}, actorId: id(ACTOR), actorTaskName: 'A.work'}),
		...task(child, method, 3, {taskName: 'child'}),
		...task(child, method, 4, {taskName: 'child'}, 1),
	]);
	const attempts = list(askJson(reader, `/api/v0/tasks?${filtered('name', '=', 'child')}`));
	expect(attempts.map(attempt => attempt['attempt_number'])).toEqual([0, 1]);
	const lineage = askJson(reader, '/api/v0/tasks/summarize?summary_by=lineage') as {
		data: {result: {result: {node_id_to_summary: {cluster: {summary: unknown}}}}};
	};
	expect(lineage.data.result.result.node_id_to_summary.cluster.summary).toMatchObject([
		{type: 'ACTOR', timestamp: Date.parse(AT) + 1000, children: [{}, {}]},
	]);
	close();
});

it('writes what is not known of a driver with all its digits', async () => {
	const driver = {taskId: id(`${'f'.repeat(40)}01000000`), jobId: id('01000000'), taskAttempt: 0};
	const {reader, close} = await read([
		event('driver', 'TASK_DEFINITION_EVENT', {taskDefinitionEvent: {...driver, taskType: 'DRIVER_TASK'}}),
	]);
	expect(readBody(ask(reader, '/api/v0/workers?detail=1'))).toContain(
		'"worker_launch_time_ms":18446744073709551615,"worker_launched_time_ms":18446744073709551615,',
	);
	close();
});

it('gives an actor that waits for its next worker no address, and one that died so the node that was asked', async () => {
	const moment = (second: number) => AT.replace('00.5', `0${second}.5`);
	const life = {nodeId: id(NODE_A), workerId: id(WORKER_A), pid: 7, port: 9};
	const states = [
		{state: 'PENDING_CREATION', timestamp: moment(0)},
		{state: 'ALIVE', timestamp: moment(1), ...life},
		{state: 'RESTARTING', timestamp: moment(2)},
	];
	const node = (nodeId: string, changes: object) => [
		event(`node ${nodeId}`, 'NODE_DEFINITION_EVENT', {
			nodeDefinitionEvent: {nodeId: id(nodeId), nodeIpAddress: '10.0.0.1', startTimestamp: AT},
		}),
		event(`state ${nodeId}`, 'NODE_LIFECYCLE_EVENT', {
			nodeLifecycleEvent: {nodeId: id(nodeId), stateTransitions: [changes]},
		}),
	];
	const actor = (stateTransitions: readonly object[]) => [
		event('actor', 'ACTOR_DEFINITION_EVENT', {actorDefinitionEvent: {actorId: id(ACTOR), className: 'A'}}),
		event('states', 'ACTOR_LIFECYCLE_EVENT', {
			actorLifecycleEvent: {actorId: id(ACTOR), stateTransitions},
		}),
		...node(NODE_A, {state: 'DEAD', timestamp: moment(2)}),
		...node(NODE_B, {state: 'ALIVE', timestamp: AT}),
	];
	const waiting = await read(actor(states));
	const empty = {nodeId: '', ipAddress: '', port: 0, workerId: ''};
	const path = `/logical/actors/${ACTOR}`;
	expect(askJson(waiting.reader, path)).toMatchObject({data: {detail: {address: empty, pid: 7}}});
	waiting.close();
	const death = {actorUnschedulableContext: {errorMessage: 'nowhere'}};
	const dead = await read(actor([...states, {state: 'DEAD', timestamp: moment(4), deathCause: death}]));
	const asked = {...empty, nodeId: NODE_B};
	expect(askJson(dead.reader, path)).toMatchObject({data: {detail: {address: asked, exitDetail: 'nowhere'}}});
	expect(askJson(dead.reader, `/nodes/${NODE_B}`)).toMatchObject({data: {detail: {actors: {[ACTOR]: {}}}}});
	dead.close();
});

it('filters what was kept of lists that only living nodes give, whatever was asked for when they were kept', async () => {
	const store = await openHistory({path: ':memory:'});
	const sessionId = store.openSession(testCluster, 'session_test');
	const envelope = (result: readonly unknown[], more = {}) =>
		JSON.stringify({result: true, msg: '', data: {result: {total: 9, result, warnings: ['w'], ...more}}});
	const keep = (path: string, query: string, body: string) => ({path, query, fetchedMs: 1, body});
	store.write(sessionId, {
		snapshots: [
			keep(
				'/api/v0/objects',
				'limit=10000',
				envelope([
					{object_id: 'a', object_size: 5, pid: 1, type: 'WORKER'},
					{object_id: 'b', object_size: -1, pid: 2, type: 'DRIVER'},
				]),
			),
			keep('/api/v0/runtime_envs', '', envelope([{runtime_env: {env_vars: {A: 'secret'}}, success: true}])),
			keep('/api/cluster_status', '', '{"kept": "plain"}'),
			keep('/api/cluster_status', 'format=1', '{"kept": "formatted"}'),
		],
	});
	const reader = store.read(sessionId);
	expect(askJson(reader, `/api/v0/objects?limit=1&${filtered('type', '=', 'worker')}`)).toMatchObject({
		data: {
			result: {
				total: 9,
				num_after_truncation: 2,
				num_filtered: 1,
				result: [{object_id: 'a'}],
				warnings: ['w'],
			},
		},
	});
	expect(ask(reader, `/api/v0/objects?${filtered('object_size', '=', 'big')}`).status).toBe(400);
	expect(ask(reader, '/api/v0/objects?limit=10001').status).toBe(400);
	expect(readBody(ask(reader, '/api/v0/runtime_envs', true))).not.toContain('secret');
	expect(list(askJson(reader, `/api/v0/runtime_envs?${filtered('success', '=', 'false')}`))).toEqual([]);
	expect(askJson(reader, '/api/cluster_status')).toEqual({kept: 'plain'});
	expect(askJson(reader, '/api/cluster_status?format=1')).toEqual({kept: 'formatted'});
	store.close();
});

it('lists events of the cluster while all write their time alike, and not once it must compare text with numbers', async () => {
	const store = await openHistory({path: ':memory:'});
	const sessionId = store.openSession(testCluster, 'session_test');
	const line = (eventId: string, timestamp: unknown, severity: string) => ({
		eventId,
		jobId: 'global',
		timestamp: String(timestamp),
		json: JSON.stringify({event_id: eventId, timestamp, severity, source_type: 'JOBS', message: 'a\\nb'}),
	});
	store.write(sessionId, {logEvents: [line('b', '1795409322', 'ERROR'), line('a', '1795409320', 'INFO')]});
	const path = `/api/v0/cluster_events?${filtered('severity', '=', 'info')}`;
	expect(askJson(store.read(sessionId), path)).toMatchObject({
		data: {
			result: {
				total: 2,
				num_filtered: 1,
				result: [{event_id: 'a', time: '2026-11-23 04:48:40', message: 'a\nb', source_type: 'JOBS'}],
			},
		},
	});
	store.write(sessionId, {logEvents: [line('c', 1795409323, 'INFO')]});
	expect(ask(store.read(sessionId), path).status).toBe(500);
	store.close();
});
