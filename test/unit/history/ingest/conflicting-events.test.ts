import {describe, expect, it} from 'vitest';

import {askJson, ingestBatches} from '../../../helpers/history.js';

const SESSION = 'session_test';
const hex = (text: string) => Buffer.from(text, 'hex').toString('base64');
const TASK = '1111111111111111ffffffffffffffffffffffff01000000';
const NODE_A = 'aa'.repeat(28);
const NODE_B = 'bb'.repeat(28);
const WORKER = 'cc'.repeat(28);

const at = (seconds: number) => `2026-11-23T05:00:${String(seconds).padStart(2, '0')}.5Z`;
const ms = (seconds: number) => Date.parse(at(seconds));

function event(eventId: string, eventType: string, seconds: number, payload: Record<string, unknown>) {
	return {eventId, eventType, timestamp: at(seconds), sessionName: SESSION, ...payload};
}

function lifecycle(eventId: string, seconds: number, body: Record<string, unknown>) {
	return event(eventId, 'TASK_LIFECYCLE_EVENT', seconds, {
		taskLifecycleEvent: {
			taskId: hex(TASK),
			jobId: hex('01000000'),
			taskAttempt: 0,
			stateTransitions: [],
			...body,
		},
	});
}

const transition = (state: string, seconds: number) => ({state, timestamp: at(seconds)});

const definition = event('def', 'TASK_DEFINITION_EVENT', 1, {
	taskDefinitionEvent: {
		taskId: hex(TASK),
		jobId: hex('01000000'),
		taskAttempt: 0,
		taskType: 'NORMAL_TASK',
		taskName: 'f',
		taskFunc: {pythonFunctionDescriptor: {functionName: 'm.f', className: ''}},
		requiredResources: {CPU: 1},
	},
});
const renamed = {
	...definition,
	eventId: 'def2',
	timestamp: at(2),
	taskDefinitionEvent: {...(definition['taskDefinitionEvent' as never] as object), taskName: 'g'},
};
const workerDeath = event('death', 'WORKER_LIFECYCLE_EVENT', 20, {
	workerLifecycleEvent: {
		workerId: hex(WORKER),
		stateTransitions: [
			{
				...transition('DEAD', 20),
				endTimeMs: String(ms(20)),
				deathInfo: {exitType: 'NODE_OUT_OF_MEMORY', exitDetail: 'too much'},
			},
		],
	},
});
const jobEnd = event('end', 'DRIVER_JOB_LIFECYCLE_EVENT', 30, {
	driverJobLifecycleEvent: {jobId: hex('01000000'), stateTransitions: [transition('FINISHED', 30)]},
});

/** All orders of a few events. */
function* permute<Item>(items: readonly Item[]): Generator<Item[]> {
	if (items.length === 0) yield [];
	for (const [index, item] of items.entries()) {
		for (const rest of permute(items.toSpliced(index, 1))) yield [item, ...rest];
	}
}

/** What the task comes to in every order of the events, each in a batch of its own. */
async function taskAfterEveryOrder(events: readonly unknown[]): Promise<Record<string, unknown>> {
	const seen = new Map<string, Record<string, unknown>>();
	for (const order of permute(events)) {
		const {store, reader} = await ingestBatches(order.map(item => [item]));
		const answer = askJson(reader, '/api/v0/tasks?detail=1') as {
			data: {result: {result: Record<string, unknown>[]}};
		};
		seen.set(JSON.stringify(answer), answer.data.result.result[0] ?? {});
		store.close();
	}

	expect(seen.size).toBe(1);
	return [...seen.values()][0]!;
}

describe('events that contradict each other', () => {
	it('leave what the latest of them says, in any order', async () => {
		const task = await taskAfterEveryOrder([
			definition,
			renamed,
			lifecycle('a', 5, {stateTransitions: [transition('RUNNING', 5)], nodeId: hex(NODE_A), workerPid: 1}),
			lifecycle('b', 6, {stateTransitions: [transition('RUNNING', 4)], nodeId: hex(NODE_B)}),
			lifecycle('c', 7, {taskLogInfo: {stdoutStart: '0'}}),
		]);
		expect(task).toMatchObject({
			name: 'g',
			state: 'RUNNING',
			// The later event, though it tells of an earlier moment.
			start_time_ms: ms(4),
			node_id: NODE_B,
			worker_pid: 1,
			task_log_info: {stdout_start: 0},
		});
	});

	it('are in the state with the highest number, not the latest', async () => {
		const task = await taskAfterEveryOrder([
			definition,
			lifecycle('a', 8, {stateTransitions: [transition('FINISHED', 8)]}),
			lifecycle('b', 9, {stateTransitions: [transition('RUNNING', 9), transition('PENDING_ARGS_AVAIL', 1)]}),
		]);
		expect(task).toMatchObject({state: 'FINISHED', end_time_ms: ms(8), creation_time_ms: ms(1)});
	});

	it('of two at the same moment, the one with the greater id stays', async () => {
		const task = await taskAfterEveryOrder([
			definition,
			lifecycle('x', 5, {nodeId: hex(NODE_A)}),
			lifecycle('y', 5, {nodeId: hex(NODE_B)}),
		]);
		expect(task).toMatchObject({node_id: NODE_B, state: 'NIL'});
	});
});

describe('a task that reported no end', () => {
	const running = lifecycle('run', 5, {
		stateTransitions: [transition('RUNNING', 5)],
		workerId: hex(WORKER),
		nodeId: hex(NODE_A),
	});

	it('is failed by the death of its worker, also where its job has ended', async () => {
		expect(await taskAfterEveryOrder([definition, running, workerDeath, jobEnd])).toMatchObject({
			state: 'FAILED',
			error_type: 'WORKER_DIED',
			end_time_ms: ms(20),
			error_message: `Worker running the task (${WORKER}) died with exit_type: 4 with error_message: too much`,
		});
	});

	it('is failed by the end of its job', async () => {
		expect(await taskAfterEveryOrder([definition, running, jobEnd])).toMatchObject({
			state: 'FAILED',
			error_type: 'WORKER_DIED',
			end_time_ms: ms(30),
			error_message: 'Job finishes (01000000) as driver exits. Marking all non-terminal tasks as failed.',
		});
	});

	it('is not failed once its end is known', async () => {
		const finished = lifecycle('fin', 6, {stateTransitions: [transition('FINISHED', 6)]});
		expect(await taskAfterEveryOrder([definition, running, workerDeath, finished])).toMatchObject({
			state: 'FINISHED',
			error_type: null,
			error_message: null,
		});
	});

	it('keeps its own error, without colours', async () => {
		const failed = lifecycle('fail', 6, {
			stateTransitions: [transition('FAILED', 6)],
			rayErrorInfo: {errorType: 'TASK_EXECUTION_EXCEPTION', errorMessage: '\u001B[31mno\u001B[0m'},
		});
		expect(await taskAfterEveryOrder([definition, running, workerDeath, failed])).toMatchObject({
			state: 'FAILED',
			error_type: 'TASK_EXECUTION_EXCEPTION',
			error_message: 'no',
			end_time_ms: ms(6),
		});
	});

	it('stays hidden until it is defined', async () => {
		expect(await taskAfterEveryOrder([running, workerDeath])).toEqual({});
	});
});
