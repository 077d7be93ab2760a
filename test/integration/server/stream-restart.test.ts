import {join} from 'node:path';
import {setImmediate} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';

import {createRandom} from '../../../src/core/util/random.js';
import {SqliteStreamArchive} from '../../../src/history/record/stream-archive.js';
import {openDatabase} from '../../../src/history/store/open-database.js';
import {startCuttingProxy, UNCUT} from '../../helpers/cutting-proxy.js';
import {expectedEvents, keepLasting, planActs} from '../../helpers/stream-acts.js';
import {
	openRawSocket,
	openRecordedStream,
	startStreamServer,
	textOfStream,
} from '../../helpers/stream-server.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const TARGETS = ['de', 'same'];
const RESTARTS = 60;
/** A port that nobody listens on. */
const NOBODY = 1;

describe('a server that is killed and started again', () => {
	it(`loses nothing in ${RESTARTS} kills at any moment`, {timeout: 300_000}, async () => {
		const path = join(await temporaryDirectory(), 'history.db');
		const random = createRandom(11);
		let server = await startServer(path);
		const proxy = await startCuttingProxy(server.port, () => UNCUT);
		const url = `ws://127.0.0.1:${proxy.port}/v1/stream`;
		let restarts = 0;
		for (let talk = 0; restarts < RESTARTS; talk++) {
			const acts = planActs(talk, 40);
			const {client, events} = openRecordedStream(
				url,
				{source: 'en', target: TARGETS.join(','), format: 's16le', latency_multiplier: '1'},
				{retryDelayMs: () => 0, maxAttempts: Infinity, keptSeconds: 5},
			);
			for (const act of acts) {
				if (act.type === 'flush') client.flush();
				else if (act.type === 'change') client.changeLatency(act.multiplier);
				else await client.write(act.samples.slice());
				await setImmediate();
				if (random() < 0.04) {
					// Nothing that it says after its death reaches anybody.
					proxy.aim(NOBODY);
					server.kill();
					server = await startServer(path);
					proxy.aim(server.port);
					restarts++;
				}
			}
			client.end();
			await client.done;
			expect(events.map(({seq}) => seq)).toEqual(events.map((_, index) => index));
			expect(keepLasting(events)).toEqual(await expectedEvents(acts, TARGETS));
		}
	});

	it('tells late listeners the text of before', async () => {
		const path = join(await temporaryDirectory(), 'history.db');
		const first = await startServer(path);
		const proxy = await startCuttingProxy(first.port, () => UNCUT);
		const {client, events} = openRecordedStream(
			`ws://127.0.0.1:${proxy.port}/v1/stream`,
			{source: 'en', target: 'same'},
			{retryDelayMs: () => 0},
		);
		for (const act of planActs(1, 10)) if (act.type === 'speak') await client.write(act.samples);
		client.flush();
		while (!events.some(({type}) => type === 'flushed')) await setImmediate();
		const before = textOfStream(events);
		expect(before).not.toBe('');
		proxy.aim(NOBODY);
		first.kill();
		const second = await startServer(path);
		proxy.aim(second.port);
		while (second.host.list().length === 0) await setImmediate();
		const [session] = second.host.list();
		const listener = openRawSocket(`ws://127.0.0.1:${second.port}/v1/stream/${session!.id}/listen`);
		expect((await listener.until('session.snapshot')).texts).toEqual([
			{target: 'same', final: before, partial: ''},
		]);
		client.end();
		await client.done;
	});
});

/** A server whose archive nothing is written to any more once it was killed. */
async function startServer(path: string) {
	const database = await openDatabase({path, survivesPowerCut: false});
	let isDead = false;
	const archive = new SqliteStreamArchive({
		get open() {
			return database.open;
		},
		exec(sql) {
			if (isDead) throw new Error('the server was killed');
			return database.exec(sql);
		},
		prepare: sql => database.prepare(sql),
		close: () => database.close(),
	});
	const server = await startStreamServer({archive, limits: {maxSessions: 1000}});
	return {
		...server,
		kill: () => {
			isDead = true;
			database.close();
		},
	};
}
