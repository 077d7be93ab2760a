import {readFileSync} from 'node:fs';
import {afterAll, beforeAll, expect, it} from 'vitest';

import {importStorage} from '../../../src/history/import/import-storage.js';
import {openDirectoryTree} from '../../../src/history/import/storage-tree.js';
import type {HistoryStore} from '../../../src/history/store/history-store.js';
import type {SessionReader} from '../../../src/history/store/session-reader.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {findDifferences, type Difference} from '../../helpers/compare-answers.js';
import {ask, readBody} from '../../helpers/history.js';
import {describeWithShared, hasShared, sharedPath} from '../../helpers/shared.js';

interface Recording {
	readonly path: string;
	readonly status: number;
	readonly content_type: string;
	readonly content_disposition: string | null;
	readonly file: string;
}

interface Allowed {
	/** Which addresses, and which places in their answers. */
	readonly path: RegExp;
	readonly place: RegExp;
	readonly because: string;
}

/** Where ours may differ from what the head said just before it died. Nothing else may. */
const ALLOWED: readonly Allowed[] = [
	{
		path: /^\/nodes/,
		place:
			/\.(now|cpu|cpus|mem|hostMem|cgroupMem|shm|agent|gcs|bootTime|loadAvg|disk|diskIo|diskIoSpeed|network|networkSpeed|cmdline|workers)\b/,
		because: 'hardware figures of nodes that are gone are 0',
	},
	{
		path: /^\/nodes/,
		place:
			/raylet\.(coreWorkersStats|numWorkers|storeStats|objectStore\w+|stateSnapshot|\w+SocketName|\w+Port|tempDir|sessionDir|nodeTypeName)\b/,
		because: 'no event has these, and numWorkers is the number of tasks that ran there',
	},
	{
		path: /^\/nodes|^\/logical\/actors/,
		place:
			/\.(ipAddress|port|workerId|usedResources|processStats|mem|language|workerType|taskQueueLength|objectRefs|objectsTotal|usedObjectStoreMemory|num[A-Z]\w+)\b/,
		because: 'only a process that is alive has them',
	},
	{
		path: /^\/nodes|^\/logical\/actors/,
		place: /3411da45e2670af97690a64903000000(\.address\.nodeId)?$|^data\.detail\.address\.nodeId/,
		because: 'no event says which node was asked for a worker that never came',
	},
	{
		path: /^\/nodes\?/,
		place: /nodeLogicalResources/,
		because: 'what is in use is not known of a cluster that is gone',
	},
	{path: /^\/api\/cluster_status/, place: /./, because: 'the autoscaler reports to nobody but the head'},
	{path: /^\/api\/version/, place: /^ray_commit$/, because: 'nobody asked for the version while it lived'},
	{
		path: /^\/api\/component_activities/,
		place: /timestamp|last_activity_at/,
		because: 'the moment of asking',
	},
	{
		path: /^\/api(\/v0)?\/jobs/,
		place: /(metadata|runtime_env)$/,
		because: 'events have {} for what was not given',
	},
	{
		path: /^\/api(\/v0)?\/jobs/,
		place: /entrypoint$/,
		because: 'a job that never began names its command nowhere',
	},
	{path: /^\/events/, place: /^data\.events\.global\[\w+\]$/, because: 'events that came after the question'},
	{path: /\/logs/, place: /^text$|^logs$/, because: 'lines that were written after the question'},
	{
		path: /\/logs\?/,
		place: /\[(nsight|old|profiles|rocprof_sys)\/\]$/,
		because: 'a storage keeps no empty folders',
	},
	{path: /filename=\.\./, place: /./, because: 'leaving the folder is refused with 400'},
	{
		path: /^\/api\/v0\/tasks($|\?|\/summarize|\/timeline)/,
		place: /data\.result\.(total|num_after_truncation|num_filtered)$|\["?(65996dee|7ac7c8d2)\w+"?\/0\]$/,
		because: 'two tasks began between one question and the next',
	},
	{
		path: /summary_by=lineage/,
		place: /\.timestamp$/,
		because: 'of several attempts the head takes the time of the one its hash table has last',
	},
	{
		path: /nosuchkey|filter_predicates=%3E/,
		place: /^msg$/,
		because: 'columns are a set of Python, in any order',
	},
	{path: /^\/api\/v0\/(objects|runtime_envs)/, place: /./, because: 'only nodes that are alive list them'},
	{
		path: /^\/api\/v0\/workers/,
		place: /0[4]0000\w+\]\.(pid|worker_launch\w+_ms|start_time_ms)$|\]\.(start|end)_time_ms$/,
		because: 'of one driver the head had lost its beginning; drivers have the times of their jobs',
	},
	{
		path: /exclude_driver=false/,
		place: /profiling_data\.events\[\d+\]$/,
		because: 'drivers went on after the question',
	},
	{
		path: /^\/api\/serve\/applications/,
		place: /controller_health_metrics|_time_?s?$|replicas|metrics/,
		because: 'the collector asked at another moment',
	},
	{path: /timeline/, place: /^\[/, because: 'spans that ended, and tasks that began, after the question'},
];

const recordings: readonly Recording[] = hasShared
	? (JSON.parse(readFileSync(sharedPath('history/live/_index.json'), 'utf8')) as Recording[])
	: [];

describeWithShared('the answers of an imported session', () => {
	let store: HistoryStore;
	let reader: SessionReader;

	beforeAll(async () => {
		store = await openHistory({path: ':memory:'});
		const tree = await openDirectoryTree(sharedPath('history/storage'));
		const {sessions} = await importStorage(store, tree, {signal: new AbortController().signal});
		reader = store.read(sessions[0]!.sessionId);
	});

	afterAll(() => store.close());

	it('are recorded in great number', () => {
		expect(recordings.length).toBeGreaterThan(380);
	});

	it.each(recordings)('to $path are those of the head', ({path, file, ...recording}) => {
		const text = readFileSync(sharedPath(`history/live/${file}`), 'utf8');
		const answer = ask(reader, path);
		const body = readBody(answer);
		const differences: Difference[] = [
			...findDifferences(
				{
					status: recording.status,
					type: recording.content_type,
					isFile: recording.content_disposition !== null,
				},
				{
					status: answer.status,
					type: answer.contentType,
					isFile: answer.headers?.['content-disposition'] !== undefined,
				},
			),
			...(file.endsWith('.json')
				? findDifferences(JSON.parse(text), JSON.parse(body))
				: findDifferences({text}, {text: body})),
		];
		const allowed = ALLOWED.filter(rule => rule.path.test(path));
		expect(differences.filter(({place}) => !allowed.some(rule => rule.place.test(place)))).toEqual([]);
	});
});
