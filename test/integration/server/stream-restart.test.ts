import {join} from 'node:path';
import {setImmediate} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';

import {createRandom} from '../../../src/core/util/random.js';
import {openStreamArchive} from '../../../src/history/record/stream-archive.js';
import {actOutStream} from '../../helpers/act-out-stream.js';
import {startCuttingProxy, UNCUT} from '../../helpers/cutting-proxy.js';
import {planActs} from '../../helpers/stream-acts.js';
import {
	openRawSocket,
	openRecordedStream,
	startStreamServer,
	textOfStream,
} from '../../helpers/stream-server.js';
import {createStreamThread} from '../../helpers/stream-thread.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

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
			await actOutStream(url, planActs(talk, 40), async () => {
				if (random() >= 0.04) return;
				// Nothing that it says after its death reaches anybody.
				proxy.aim(NOBODY);
				server.kill();
				server = await startServer(path);
				proxy.aim(server.port);
				restarts++;
			});
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
	const thread = createStreamThread();
	const archive = await openStreamArchive({path, openThread: thread.openThread});
	const server = await startStreamServer({archive, limits: {maxSessions: 1000}});
	return {...server, kill: () => thread.kill()};
}
