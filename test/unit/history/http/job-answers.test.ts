import {expect, it} from 'vitest';

import type {HistoryStore} from '../../../../src/history/store/history-store.js';
import type {LogEventLine} from '../../../../src/history/store/history-types.js';
import {openHistory} from '../../../../src/history/store/sqlite-history-store.js';
import {EventBatch} from '../../../../src/history/ingest/event-batch.js';
import {ask, askJson, testCluster} from '../../../helpers/history.js';

const SUPERVISOR = 'jobs/supervisor-wrong.log';

async function openSession(): Promise<{store: HistoryStore; sessionId: number}> {
	const store = await openHistory({path: ':memory:'});
	return {store, sessionId: store.openSession(testCluster, 'session_test')};
}

/** A line of `events/event_JOBS.log`. */
function jobEvent(message: string): LogEventLine {
	const json = JSON.stringify({event_id: message, source_type: 'JOBS', message, timestamp: 1_795_409_322});
	return {eventId: message, jobId: 'global', timestamp: '1795409322', json};
}

it.each([
	['runtime_env setup failed: no such package\nat all', 'RUNTIME_ENV_SETUP_FAILURE'],
	['Job supervisor actor could not be scheduled: no node', 'JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE'],
	['Job supervisor actor died: its node is gone', 'JOB_SUPERVISOR_ACTOR_DIED'],
	['Unexpected error occurred: 7', 'JOB_SUPERVISOR_ACTOR_UNKNOWN_FAILURE'],
])('tells why a job could not begin: %s', async (reason, errorType) => {
	const {store, sessionId} = await openSession();
	store.write(sessionId, {
		logEvents: [
			jobEvent('Started a ray job wrong.'),
			jobEvent(`Completed a ray job wrong with a status FAILED. ${reason}`),
		],
	});
	expect(askJson(store.read(sessionId), '/api/jobs/wrong')).toMatchObject({
		status: 'FAILED',
		message: reason,
		error_type: errorType,
		driver_exit_code: null,
	});
	store.close();
});

it('tells of a command that could not even be started', async () => {
	const {store, sessionId} = await openSession();
	const trace = 'Traceback (most recent call last):\n  File "x.py"\nOSError: too long\n';
	const text = `2026-11-23 04:48:54,448\tERROR job_supervisor.py:470 -- Got unexpected exception while trying to execute driver command. ${trace}`;
	store.write(sessionId, {
		logEvents: [jobEvent('Completed a ray job wrong with a status FAILED.')],
		logPieces: [{nodeId: 'ab', path: SUPERVISOR, offset: 0, bytes: Buffer.from(text)}],
	});
	expect(askJson(store.read(sessionId), '/api/jobs/wrong')).toMatchObject({
		message: trace,
		error_type: 'JOB_ENTRYPOINT_COMMAND_START_ERROR',
	});
	store.close();
});

it('finds a submission by each of its drivers, and lists the last', async () => {
	const {store, sessionId} = await openSession();
	const events = new EventBatch();
	for (const number of [1, 2]) {
		events.add(
			{
				eventId: `driver${number}`,
				eventType: 'DRIVER_JOB_DEFINITION_EVENT',
				timestamp: '2026-11-23T05:00:00Z',
				driverJobDefinitionEvent: {
					jobId: Buffer.from([number, 0, 0, 0]).toString('base64'),
					driverPid: String(100 + number),
					config: {metadata: {job_submission_id: 'twice'}},
				},
			},
			'test',
			'none',
		);
	}

	store.write(sessionId, {events});
	const reader = store.read(sessionId);
	expect(askJson(reader, '/api/jobs/')).toMatchObject([{submission_id: 'twice', job_id: '02000000'}]);
	expect(askJson(reader, '/api/jobs/01000000')).toMatchObject({
		submission_id: 'twice',
		job_id: '01000000',
		driver_info: {id: '01000000', pid: '101'},
	});
	expect(ask(reader, '/api/jobs/03000000').status).toBe(404);
	store.close();
});
