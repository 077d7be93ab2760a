import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';

import {createRandom} from '../../../src/core/util/random.js';
import {EventBatch} from '../../../src/history/ingest/event-batch.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {makeTaskEvents, testCluster} from '../../helpers/history.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const writer = fileURLToPath(new URL('../../helpers/history-writer.ts', import.meta.url));

/** How often the writer is killed. A collector is killed a hundred times in test/e2e/history-kills.test.ts. */
const KILLS = 2;

/** Lets a process write until it has said `messages` things, kills it, and tells the last it said. */
async function writeUntilKilled(path: string, first: number, messages: number): Promise<number> {
	const child = spawn(process.execPath, ['--import', 'tsx', writer, path, String(first)], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	const exited = once(child, 'exit');
	let said = '';
	for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
		said += chunk.toString();
		if (said.split('\n').length > messages && !child.killed) child.kill('SIGKILL');
	}

	await exited;
	return Number(said.split('\n').at(-2) ?? first);
}

describe('a history whose writer is killed', () => {
	it('holds every event that was acknowledged', async () => {
		const path = join(await temporaryDirectory(), 'history.db');
		const random = createRandom(7);
		let acknowledged = 0;
		for (let kill = 0; kill < KILLS; kill += 1) {
			acknowledged = await writeUntilKilled(path, acknowledged, 1 + Math.floor(random() * 40));
			const store = await openHistory({path});
			expect(store.verify()).toEqual([]);
			const reader = store.read(store.openSession(testCluster, 'session_test'));
			const finished = {column: 'state', isNegated: false, value: 'FINISHED'} as const;
			const count = reader.countTasks({filters: [finished], excludesDrivers: true});
			expect(count).toBeGreaterThanOrEqual(acknowledged);
			// What was stored and not acknowledged is whole batches.
			expect(count % 20).toBe(0);
			store.close();
		}

		expect(acknowledged).toBeGreaterThan(KILLS * 20);
	});

	it('takes the writes of two at once', async () => {
		const path = join(await temporaryDirectory(), 'history.db');
		const [first, second] = await Promise.all([
			writeUntilKilled(path, 0, 30),
			writeUntilKilled(path, 100_000, 30),
		]);
		const store = await openHistory({path});
		expect(store.verify()).toEqual([]);
		const reader = store.read(store.openSession(testCluster, 'session_test'));
		const count = reader.countTasks({filters: [], excludesDrivers: true});
		expect(count).toBeGreaterThanOrEqual(first + second - 100_000);
		store.close();
	});

	it('undoes all of a write that fails, and goes on', async () => {
		const store = await openHistory({path: ':memory:'});
		const sessionId = store.openSession(testCluster, 'session_test');
		const batch = new EventBatch();
		for (const event of makeTaskEvents(0, 5)) batch.add(event, 'test', 'none');
		const broken = {
			events: batch,
			logPieces: [{nodeId: 'n', path: 'p', offset: 0, bytes: null as unknown as Buffer}],
		};
		expect(() => store.write(sessionId, broken)).toThrow();
		expect(store.read(sessionId).countTasks({filters: [], excludesDrivers: false})).toBe(0);
		store.write(sessionId, {events: batch});
		expect(store.read(sessionId).countTasks({filters: [], excludesDrivers: false})).toBe(5);
		store.close();
	});
});
