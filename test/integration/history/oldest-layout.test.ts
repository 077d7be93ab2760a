import {readFileSync} from 'node:fs';
import {mkdir, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';

import {importStorage} from '../../../src/history/import/import-storage.js';
import {openDirectoryTree} from '../../../src/history/import/storage-tree.js';
import type {HistoryStore} from '../../../src/history/store/history-store.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {askJson} from '../../helpers/history.js';
import {describeWithShared, sharedPath} from '../../helpers/shared.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const CLUSTER = 'raycluster-dev_default';
const JOBS = ['03000000', '04000000', '06000000', '07000000', '08000000', '09000000'];

let root: string;
let store: HistoryStore;

beforeEach(async () => {
	root = await temporaryDirectory();
	store = await openHistory({path: ':memory:'});
});

afterEach(() => store.close());

function readLive(file: string): string {
	return readFileSync(sharedPath(`history/live/${file}`), 'utf8');
}

async function put(path: string, text: string): Promise<void> {
	await mkdir(dirname(join(root, path)), {recursive: true});
	await writeFile(join(root, path), text);
}

/** What the first collectors wrote, from what the live head answered. @param suffix - of the files' names. */
async function writeStorage(suffix: string): Promise<void> {
	const meta = (key: string, text: string) => put(`${CLUSTER}/meta/${key}${suffix}`, text);
	await meta('restful__api__jobs', readLive('api_jobs.json'));
	await meta('restful__nodes_view_summary', readLive('nodes_view=summary.json'));
	await meta('restful__logical__actors', readLive('logical_actors.json'));
	await meta('restful__events', readLive('events.json'));
	await meta('restful__api__cluster_status', readLive('api_cluster_status.json'));
	for (const job of JOBS) {
		await meta(`restful__api__v0__tasks_detail_job_id_${job}`, readLive(`tasks_detail_job_${job}.json`));
		await meta(`restful__api__data__datasets_job_id_${job}`, readLive(`api_data_datasets_${job}.json`));
	}

	await meta('ack__basicinfo', JSON.stringify({name: 'raycluster-dev', sessionName: 'session_2026'}));
	await put(`${CLUSTER}/logs/ab12/raylet.out`, 'one\ntwo\n');
}

interface TaskList {
	readonly data: {readonly result: {readonly total: number; readonly result: readonly {task_id: string}[]}};
}

describeWithShared('the oldest layout, answers that were collected beforehand', () => {
	it.each(['', '.json'])('answers what the head answered, from files named key%s', async suffix => {
		await writeStorage(suffix);
		const signal = new AbortController().signal;
		const result = await importStorage(store, await openDirectoryTree(root), {signal});
		expect(result.damages).toBe(0);
		const [session] = store.sessions();
		expect(session).toMatchObject({
			name: 'session_2026',
			cluster: {name: 'raycluster-dev', namespace: 'default'},
		});
		const reader = store.read(session!.id);
		for (const job of JOBS) {
			const filter = `filter_keys=job_id&filter_predicates=%3D&filter_values=${job}`;
			const answer = askJson(reader, `/api/v0/tasks?detail=1&limit=10000&${filter}`);
			const live = JSON.parse(readLive(`tasks_detail_job_${job}.json`)) as TaskList;
			expect(byTask(answer as TaskList)).toEqual(byTask(live));
		}

		const failed = '/api/v0/tasks?limit=10000&filter_keys=state&filter_predicates=%3D&filter_values=failed';
		expect((askJson(reader, failed) as TaskList).data.result.total).toBeGreaterThan(3);
		expect(sort(askJson(reader, '/api/jobs/'))).toEqual(sort(JSON.parse(readLive('api_jobs.json'))));
		expect(readEvents(askJson(reader, '/events'))).toEqual(readEvents(JSON.parse(readLive('events.json'))));
		expect(askJson(reader, '/api/data/datasets/06000000')).toEqual(
			JSON.parse(readLive('api_data_datasets_06000000.json')),
		);
		expect(readActors(askJson(reader, '/logical/actors'))).toEqual(
			readActors(JSON.parse(readLive('logical_actors.json'))),
		);
		expect(askJson(reader, '/nodes?view=hostNameList')).toEqual(
			JSON.parse(readLive('nodes_view=hostNameList.json')),
		);
		expect(askJson(reader, '/api/v0/logs?node_id=ab12')).toMatchObject({
			data: {result: {raylet: ['raylet.out']}},
		});
		expect(askJson(reader, '/api/v0/tasks/timeline')).not.toHaveLength(0);
		const again = await importStorage(store, await openDirectoryTree(root), {signal});
		expect([again.skipped, again.events]).toEqual([again.files, 0]);
	});

	it('finds the session by the list of clusters, and names an answer that is broken', async () => {
		await put(`${CLUSTER}/meta/restful__api__jobs`, readLive('api_jobs.json'));
		await put(`${CLUSTER}/meta/restful__logical__actors`, '{"result": true, "data": {"act');
		await put('cluster_list/raycluster-dev#default#session_9#1795409226', '{}');
		const signal = new AbortController().signal;
		const result = await importStorage(store, await openDirectoryTree(root), {signal});
		const [session] = store.sessions();
		expect([session!.name, result.damages]).toEqual(['session_9', 1]);
		expect(store.damages(session!.id, 5).first).toMatchObject([
			{source: expect.stringContaining('restful__logical__actors') as string, reason: 'no answer in JSON'},
		]);
	});
});

function byTask({data}: TaskList): readonly unknown[] {
	return sort(data.result.result);
}

/** A list whose order nobody promises. Members come in one order. */
function sort(list: unknown): readonly unknown[] {
	const key = (value: unknown) => JSON.stringify(Object.entries(value as object).sort());
	return (list as readonly unknown[]).toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** By job; those of one second have no order. */
function readEvents(answer: unknown): unknown {
	const {events} = (answer as {data: {events: Record<string, unknown>}}).data;
	return Object.fromEntries(Object.entries(events).map(([job, list]) => [job, sort(list)]));
}

const ACTOR_MEMBERS = [
	...['actorId', 'jobId', 'address', 'name', 'className', 'actorClass', 'labelSelector', 'state', 'reprName'],
	...['numRestarts', 'pid', 'startTime', 'endTime', 'timestamp', 'exitDetail', 'requiredResources'],
];

/** What is known of an actor that is gone; of one that lives the head adds what its process is doing. */
function readActors(answer: unknown): unknown {
	const {actors} = (answer as {data: {actors: Record<string, Record<string, unknown>>}}).data;
	return Object.fromEntries(
		Object.entries(actors).map(([id, actor]) => [
			id,
			Object.fromEntries(
				// Of one that never lived nothing tells which node was asked for a worker.
				ACTOR_MEMBERS.filter(member => member !== 'address' || actor['startTime'] !== 0).map(member => [
					member,
					actor[member],
				]),
			),
		]),
	);
}
