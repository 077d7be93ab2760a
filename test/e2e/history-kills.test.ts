import {once} from 'node:events';
import {join} from 'node:path';
import {expect, it} from 'vitest';

import {createRandom} from '../../src/core/util/random.js';
import type {HistoryStore} from '../../src/history/store/history-store.js';
import {openHistory} from '../../src/history/store/sqlite-history-store.js';
import {makeTaskEvents} from '../helpers/history.js';
import {startProgram} from '../helpers/run-program.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

/** How often a collector is killed in all, in two lanes at once: one waits while the other starts. */
const KILLS = 100;
const LANES = 2;

/** The longest time from the first posted batch to the kill, milliseconds: the first batches take the longest. */
const LONGEST_MS = 150;

interface Collector {
	readonly url: string;
	/** Ends it as the power does: with no warning. */
	kill(): Promise<void>;
}

async function startCollector(path: string): Promise<Collector> {
	const child = startProgram(['history', 'collect', '--port', '0', '--db', path, '--cluster', 'test']);
	child.stdout.resume();
	const exited = once(child, 'exit');
	let said = '';
	for await (const chunk of child.stderr as AsyncIterable<Buffer>) {
		said += chunk.toString();
		const url = /taking events at (\S+)\n/.exec(said)?.[1];
		if (url === undefined) continue;
		return {
			url,
			async kill() {
				child.kill('SIGKILL');
				await exited;
			},
		};
	}

	throw new Error(`the collector did not start: ${said}`);
}

/** Posts batches one after another until nobody answers. @returns the tasks of which every event was acknowledged. */
async function postUntilKilled(
	url: string,
	{
		first,
		random,
		signal,
	}: {readonly first: number; readonly random: () => number; readonly signal: AbortSignal},
): Promise<number> {
	for (let next = first; ;) {
		const count = 1 + Math.floor(random() * 150);
		try {
			const body = JSON.stringify(makeTaskEvents(next, count));
			const {status} = await fetch(url, {method: 'POST', body, signal});
			expect(status).toBe(200);
		} catch (error) {
			if (!(error instanceof TypeError) && !signal.aborted) throw error;
			return next;
		}

		next += count;
	}
}

/** @returns all acknowledged tasks, which are numbered from 0 on, but for those posted again after a kill. */
async function killManyTimes(path: string, kills: number, seed: number): Promise<number> {
	const random = createRandom(seed);
	let acknowledged = 0;
	for (let kill = 0; kill < kills; kill += 1) {
		const collector = await startCollector(path);
		const killed = new AbortController();
		const posted = postUntilKilled(collector.url, {first: acknowledged, random, signal: killed.signal});
		// The moment is what is random here.
		await new Promise(resolve => setTimeout(resolve, random() * LONGEST_MS));
		await collector.kill();
		// Another may have its port by now.
		killed.abort();
		acknowledged = await posted;
	}

	return acknowledged;
}

function countFinished(store: HistoryStore): number {
	const reader = store.read(store.sessions()[0]!.id);
	const finished = {column: 'state', isNegated: false, value: 'FINISHED'} as const;
	return reader.countTasks({filters: [finished], excludesDrivers: true});
}

it(`holds every event that was acknowledged when its collector is killed at ${KILLS} random moments`, async () => {
	const folder = await temporaryDirectory();
	const lanes = Array.from({length: LANES}, async (_, lane) => {
		const path = join(folder, `${lane}.db`);
		const acknowledged = await killManyTimes(path, KILLS / LANES, lane + 1);
		const store = await openHistory({path});
		expect(store.verify()).toEqual([]);
		expect(countFinished(store)).toBeGreaterThanOrEqual(acknowledged);
		store.close();
		return acknowledged;
	});
	const sums = await Promise.all(lanes);
	// Most kills came when there was something to lose.
	expect(Math.min(...sums)).toBeGreaterThan(KILLS);
});

it('takes the same events from two collectors at once into one file', async () => {
	const path = join(await temporaryDirectory(), 'history.db');
	const collectors = await Promise.all([startCollector(path), startCollector(path)]);
	const batches = Array.from({length: 30}, (_, index) => makeTaskEvents(index * 40, 50));
	const post = async (url: string, order: readonly (readonly unknown[])[]) => {
		for (const batch of order) {
			const {status} = await fetch(url, {method: 'POST', body: JSON.stringify(batch)});
			expect(status).toBe(200);
		}
	};
	await Promise.all([post(collectors[0].url, batches), post(collectors[1].url, batches.toReversed())]);
	await Promise.all(collectors.map(collector => collector.kill()));
	const store = await openHistory({path});
	expect(store.verify()).toEqual([]);
	expect([store.sessions().length, countFinished(store)]).toEqual([1, 29 * 40 + 50]);
	store.close();
});
