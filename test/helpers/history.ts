import {readdirSync, readFileSync} from 'node:fs';

import {answerRequest} from '../../src/history/http/answer-request.js';
import type {HistoryAnswer} from '../../src/history/http/answer.js';
import {EventBatch} from '../../src/history/ingest/event-batch.js';
import type {HistoryStore} from '../../src/history/store/history-store.js';
import type {SessionReader} from '../../src/history/store/session-reader.js';
import {openHistory} from '../../src/history/store/sqlite-history-store.js';
import {sharedPath} from './shared.js';

export const testCluster = {
	namespace: 'default',
	name: 'test',
	ownerKind: 'raycluster',
	ownerName: '',
} as const;

/** All events of the recorded session, one array a post, in the order in which they came. */
export function readRecordedBatches(): readonly (readonly unknown[])[] {
	const folder = sharedPath('history/batches/');
	return readdirSync(folder)
		.filter(name => name.startsWith('batch-'))
		.sort()
		.map(name => JSON.parse(readFileSync(folder + name, 'utf8')) as unknown[]);
}

/** A history in memory with one session, into which batches of events were written. */
export async function ingestBatches(
	batches: readonly (readonly unknown[])[],
): Promise<{readonly store: HistoryStore; readonly reader: SessionReader; readonly sessionId: number}> {
	const store = await openHistory({path: ':memory:'});
	const sessionId = store.openSession(testCluster, 'session_test');
	for (const events of batches) {
		const batch = new EventBatch();
		for (const [index, event] of events.entries()) batch.add(event, 'collected', String(index));
		store.write(sessionId, {events: batch});
	}

	return {store, reader: store.read(sessionId), sessionId};
}

/** Asks for an address as a program does, not a browser. */
export function ask(reader: SessionReader, address: string, isBrowser = false): HistoryAnswer {
	const url = new URL(address, 'http://history');
	const path = decodeURIComponent(url.pathname);
	return answerRequest(reader, {path, query: url.searchParams, isBrowser}, {nowMs: 0});
}

export function readBody({body}: HistoryAnswer): string {
	if (typeof body === 'string') return body;
	if (Buffer.isBuffer(body)) return body.toString('utf8');
	return Buffer.concat([...body].map(piece => Buffer.from(piece))).toString('utf8');
}

export function askJson(reader: SessionReader, address: string): unknown {
	return JSON.parse(readBody(ask(reader, address)));
}

/** A definition and an end of each of `count` tasks, numbered from `first` on. */
export function makeTaskEvents(first: number, count: number): readonly unknown[] {
	return Array.from({length: count}, (_, index) => {
		const number = first + index;
		const id = Buffer.alloc(24, 1);
		id.writeUInt32BE(number);
		const task = {taskId: id.toString('base64'), jobId: 'AQAAAA==', taskAttempt: 0};
		const timestamp = '2026-11-23T05:00:00.000000001Z';
		const base = {timestamp, sessionName: 'session_test'};
		return [
			{
				...base,
				eventId: `definition${number}`,
				eventType: 'TASK_DEFINITION_EVENT',
				taskDefinitionEvent: {...task, taskType: 'NORMAL_TASK', taskName: 'f'},
			},
			{
				...base,
				eventId: `end${number}`,
				eventType: 'TASK_LIFECYCLE_EVENT',
				taskLifecycleEvent: {...task, stateTransitions: [{state: 'FINISHED', timestamp}]},
			},
		];
	}).flat();
}
