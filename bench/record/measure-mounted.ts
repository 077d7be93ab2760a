import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {monitorEventLoopDelay} from 'node:perf_hooks';
import {createHistoryListener} from '../../src/history/http/history-listener.js';
import {EventBatch} from '../../src/history/ingest/event-batch.js';
import {openMountedHistory} from '../../src/history/mount/open-mounted-history.js';
import {openHistory} from '../../src/history/store/sqlite-history-store.js';
import {makeTaskEvents, testCluster} from '../../test/helpers/history.js';

const TASKS = 10_000;
const ADDRESS = `/c/default/test/session_test/api/v0/tasks?limit=${TASKS}&detail=1`;
/** What the monitor counts in itself. */
const RESOLUTION_MS = 1;

export interface MountedFigures {
	/** `mounted`: in a thread, as `infinisst serve --history` does; `here`: in the thread that asks. */
	readonly name: 'mounted' | 'here';
	readonly requests: number;
	readonly answerP50Ms: number;
	readonly eventLoopP99Ms: number;
	readonly eventLoopMaxMs: number;
}

/** How late the loop of a server is while the longest list of its history is asked for, again and again. */
export async function measureMounted(requests: number): Promise<readonly MountedFigures[]> {
	const folder = await mkdtemp(join(tmpdir(), 'infinisst-bench-'));
	const path = join(folder, 'history.db');
	const store = await openHistory({path, survivesPowerCut: false});
	try {
		const batch = new EventBatch();
		for (const event of makeTaskEvents(0, TASKS)) batch.add(event, 'bench', 'none');
		store.write(store.openSession(testCluster, 'session_test'), {events: batch});
		const mounted = await openMountedHistory({path, basePath: ''});
		try {
			return [
				await measure('mounted', requests, (request, response) => void mounted.answer(request, response)),
				await measure('here', requests, createHistoryListener({store})),
			];
		} finally {
			await mounted.close();
		}
	} finally {
		store.close();
		await rm(folder, {recursive: true, force: true});
	}
}

async function measure(
	name: MountedFigures['name'],
	requests: number,
	listener: RequestListener,
): Promise<MountedFigures> {
	const server = createServer(listener);
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${ADDRESS}`;
	const ask = async (): Promise<number> => {
		const startMs = performance.now();
		const answer = await fetch(url);
		if (!answer.ok) throw new Error(`${url} was answered with ${answer.status}.`);
		// Not decoded here: that would hold up this loop.
		await answer.body!.pipeTo(new WritableStream());
		return performance.now() - startMs;
	};
	await ask();
	const monitor = monitorEventLoopDelay({resolution: RESOLUTION_MS});
	monitor.enable();
	const durations: number[] = [];
	for (let request = 0; request < requests; request++) durations.push(await ask());
	monitor.disable();
	server.close();
	server.closeAllConnections();
	const sorted = durations.sort((a, b) => a - b);
	return {
		name,
		requests,
		answerP50Ms: sorted[Math.floor(sorted.length / 2)]!,
		eventLoopP99Ms: monitor.percentile(99) / 1e6 - RESOLUTION_MS,
		eventLoopMaxMs: monitor.max / 1e6 - RESOLUTION_MS,
	};
}
