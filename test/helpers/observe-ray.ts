import {cp, mkdir, mkdtemp, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';

import {createCollectListener} from '../../src/history/collect/collect-listener.js';
import {listen} from '../../src/history/http/listen.js';
import {importStorage} from '../../src/history/import/import-storage.js';
import {openDirectoryTree} from '../../src/history/import/storage-tree.js';
import type {HistoryStore} from '../../src/history/store/history-store.js';
import type {SessionReader} from '../../src/history/store/session-reader.js';
import {openHistory} from '../../src/history/store/sqlite-history-store.js';
import {compareAnswer, type Recording} from './compare-answers.js';
import {ask, testCluster} from './history.js';
import {RayCluster, type RayOptions} from './real-ray.js';
import {record, recordHead, settleHead} from './record-head.js';

export interface ObserveOptions extends Omit<RayOptions, 'eventsUrl'> {
	/** What is to be seen. Has ended, or come to where it waits, when it resolves. */
	readonly work: (cluster: RayCluster) => Promise<void>;
	/** Told how long each step took. */
	readonly onStep: (step: string, ms: number) => void;
	/** Where events go, if not straight to the collector. */
	readonly redirect?: (collectorUrl: string) => Promise<string>;
	readonly databasePath?: string;
}

export interface ObservedRay {
	readonly recordings: readonly Recording[];
	/** Of the session, after the head is gone. */
	readonly reader: SessionReader;
	/** Of processes that outlived their cluster. */
	readonly survivors: readonly number[];
	close(): void;
}

/** How long events may take from a worker to the history, on a busy machine. */
const EXPORT_PATIENCE_MS = 45_000;

/** Three seconds: a worker keeps what happened for one, and passes it on in two steps. */
const ROUNDS_AT_REST = 7;

/** What tells whether all events have come: lists that they alone decide. */
const EXPORTED = [
	'/api/v0/tasks?detail=1&limit=10000',
	'/api/v0/actors?limit=10000',
	// Of some drivers only their logs tell the address.
	'/api/v0/workers?limit=10000&filter_keys=worker_type&filter_predicates=!%3D&filter_values=DRIVER',
];

/**
 * Runs a Ray cluster that exports its events to our collector, records what its head answers, ends it all
 * at once, and takes in the logs that it leaves behind.
 */
export async function observeRay(options: ObserveOptions): Promise<ObservedRay> {
	const store = await openHistory({path: options.databasePath ?? ':memory:'});
	const collector = await listen(
		createCollectListener({store, cluster: testCluster, isDraining: () => false}),
		{host: '127.0.0.1', port: 0},
	);
	const timed = async <Result>(step: string, run: () => Promise<Result>) => {
		const startedMs = performance.now();
		const result = await run();
		options.onStep(step, Math.round(performance.now() - startedMs));
		return result;
	};
	try {
		const collectUrl = `${collector.url}/v1/events`;
		const eventsUrl = (await options.redirect?.(collectUrl)) ?? collectUrl;
		await using cluster = await timed('ray start', () => RayCluster.start({...options, eventsUrl}));
		await timed('work', () => options.work(cluster));
		const {session_name: name} = (await cluster.askJson('/api/version')) as {session_name: string};
		const sessionId = store.openSession(testCluster, name);
		const first = await timed('loading', () => settleHead(cluster));
		await timed('events', () => untilExported(cluster, () => store.read(sessionId)));
		const others = await timed('recording', () => recordHead(cluster));
		const recordings = [...first, ...others];
		await timed('ray stop', () => cluster.stop());
		const survivors = cluster.processIds();
		await timed('import of logs', () => importRemains(store, cluster, name, recordings));
		return {recordings, reader: store.read(sessionId), survivors, close: () => store.close()};
	} catch (error) {
		store.close();
		throw error;
	} finally {
		await collector.close();
	}
}

/**
 * Waits until the head says the same for a while, and ours too: Ray reports and exports in its own time. What
 * has not come in a long while is left to the comparison to name.
 */
async function untilExported(cluster: RayCluster, read: () => SessionReader): Promise<void> {
	const deadline = Date.now() + EXPORT_PATIENCE_MS;
	let known = '';
	for (let rounds = 0; rounds < ROUNDS_AT_REST && Date.now() < deadline; rounds += 1) {
		if (rounds > 0) await wait(500);
		const recordings = await record(cluster, EXPORTED);
		const isSame = recordings.every(
			recording => compareAnswer(recording, ask(read(), recording.path)).length === 0,
		);
		const bodies = JSON.stringify(recordings);
		if (!isSame || bodies !== known) rounds = 0;
		known = bodies;
	}
}

/** What KubeRay's collector asks a living head for, because no event tells of it. */
const FETCHED = [
	'/timezone',
	'/api/version',
	'/api/v0/cluster_metadata',
	'/api/v0/placement_groups?detail=1&limit=10000',
];

/** Logs, and answers that were fetched, as KubeRay's collector lays them out. */
async function importRemains(
	store: HistoryStore,
	cluster: RayCluster,
	session: string,
	recordings: readonly Recording[],
): Promise<void> {
	const root = await mkdtemp(join(tmpdir(), 'infinisst-storage-'));
	const {namespace, name, ownerKind} = testCluster;
	try {
		const marks = join(root, 'cluster-metadata', ownerKind, `${namespace}_${name}`);
		await mkdir(marks, {recursive: true});
		await writeFile(join(marks, session), '');
		for (const [index, nodeId] of cluster.nodeIds.entries()) {
			const [folder] = (await readdir(cluster.directories[index]!)).filter(entry =>
				/^session_\d/.test(entry),
			);
			await cp(
				join(cluster.directories[index]!, folder!, 'logs'),
				join(root, 'cluster-history', ownerKind, namespace, name, session, nodeId, 'logs'),
				{recursive: true},
			);
		}

		const fetched = join(root, 'cluster-history', ownerKind, namespace, name, session, 'fetched_endpoints');
		await mkdir(fetched, {recursive: true});
		for (const path of FETCHED) {
			const {body} = recordings.find(recording => recording.path === path)!;
			await writeFile(join(fetched, `restful${path.replaceAll('/', '__')}`), body);
		}

		await importStorage(store, await openDirectoryTree(root), {signal: new AbortController().signal});
	} finally {
		await rm(root, {recursive: true, force: true});
	}
}
