import {afterEach, beforeEach, describe, expect, it} from 'vitest';

import {EventBatch} from '../../../../src/history/ingest/event-batch.js';
import type {HistoryStore} from '../../../../src/history/store/history-store.js';
import {prune} from '../../../../src/history/store/prune.js';
import {openHistory} from '../../../../src/history/store/sqlite-history-store.js';
import {runRetention} from '../../../../src/history/upkeep/run-retention.js';
import {FakeClock} from '../../../helpers/fake-clock.js';
import {makeTaskEvents, testCluster} from '../../../helpers/history.js';

const DAY_MS = 86_400_000;
/** Of the newest of the sessions below. */
const START_MS = Date.parse('2026-11-23T05:00:00Z');
const signal = new AbortController().signal;

let store: HistoryStore;

beforeEach(async () => {
	store = await openHistory({path: ':memory:'});
});

afterEach(() => store.close());

/** A session of so many tasks whose events are so many days old. */
function addSession(name: string, ageDays: number, tasks = 10, cluster: string = testCluster.name): number {
	const sessionId = store.openSession({...testCluster, name: cluster}, name);
	write(sessionId, ageDays, tasks);
	return sessionId;
}

function write(sessionId: number, ageDays: number, tasks = 1): void {
	const timestamp = new Date(START_MS - ageDays * DAY_MS).toISOString();
	const batch = new EventBatch();
	for (const event of makeTaskEvents(0, tasks)) batch.add({...(event as object), timestamp}, 'test', 'none');
	store.write(sessionId, {
		events: batch,
		logPieces: [{nodeId: 'n', path: 'a.log', offset: 0, bytes: Buffer.from('a line\n')}],
	});
}

const names = (): readonly string[] => store.sessions().map(({name}) => name);

describe('prune', () => {
	it('deletes by age, count and size, the oldest first, and never what is marked', async () => {
		for (let age = 0; age < 6; age += 1) addSession(`s${age}`, age);
		addSession('other', 9, 10, 'other');
		store.keepSession(store.sessions().find(({name}) => name === 's5')!.id, true);
		const byAge = await prune(store, {olderThanMs: 3.5 * DAY_MS}, {nowMs: START_MS, signal});
		expect(byAge.map(({name}) => name)).toEqual(['other', 's4']);
		const byCount = await prune(store, {keepCount: 2}, {nowMs: START_MS, signal});
		expect(byCount.map(({name}) => name)).toEqual(['s3', 's2']);
		expect(names()).toEqual(['s0', 's1', 's5']);
		const bySize = await prune(store, {maxBytes: 1}, {nowMs: START_MS, signal});
		expect(bySize.map(({name}) => name)).toEqual(['s1', 's0']);
		expect(names()).toEqual(['s5']);
	});

	it('leaves nothing behind of a large session, and frees its room', async () => {
		addSession('small', 0);
		const before = store.usedBytes();
		addSession('large', 5, 5000);
		expect(store.usedBytes()).toBeGreaterThan(before * 3);
		await prune(store, {keepCount: 1}, {nowMs: START_MS, signal});
		expect(store.usedBytes()).toBeLessThan(before * 1.3);
		expect(store.sweep(1)).toBe(false);
		expect(store.verify()).toEqual([]);
	});

	it('hides a session at once, and deletes in steps what it held, also after a crash between two of them', () => {
		const sessionId = addSession('large', 5, 300);
		store.discardSession(sessionId);
		expect([names(), store.session(sessionId)]).toEqual([[], undefined]);
		expect(store.sweep(100)).toBe(true);
		// Events that come late begin a new session.
		expect(addSession('large', 0)).not.toBe(sessionId);
		let steps = 0;
		while (store.sweep(100)) steps += 1;
		expect(steps).toBeGreaterThan(2);
		expect(names()).toEqual(['large']);
		expect(store.verify()).toEqual([]);
	});
});

describe('the retention of a collector or server', () => {
	/** Lets the interval pass, and waits until the rules were applied. */
	async function pass(clock: FakeClock): Promise<void> {
		clock.advance(60_000);
		await expect.poll(() => clock.timerCount).toBe(1);
	}

	it('deletes what is past the rules, and never what somebody writes to or the newest of a cluster', async () => {
		for (let age = 0; age < 5; age += 1) addSession(`s${age}`, age);
		const clock = new FakeClock();
		const ending = new AbortController();
		const notices: string[] = [];
		const ended = runRetention(
			{
				store,
				rules: {keepCount: 2, maxBytes: 1},
				clock,
				now: () => START_MS,
				onNotice: text => void notices.push(text),
			},
			ending.signal,
		);
		// s3 is written to in each interval: its events are old, but they still come.
		const written = store.sessions().find(({name}) => name === 's3')!.id;
		write(written, 3);
		await pass(clock);
		expect(names()).toEqual(['s0', 's3']);
		expect(notices).toContain('deleted default/test s4, which is past what is kept');
		await pass(clock);
		expect(names()).toEqual(['s0']);
		ending.abort();
		await ended;
	});

	it('lets the newest go by age alone, once nobody writes to it', async () => {
		addSession('old', 40);
		const clock = new FakeClock();
		const ending = new AbortController();
		const rules = {olderThanMs: 30 * DAY_MS};
		const ended = runRetention(
			{store, rules, clock, now: () => START_MS, onNotice: () => undefined},
			ending.signal,
		);
		await pass(clock);
		expect(names()).toEqual([]);
		ending.abort();
		await ended;
	});
});
