import {setImmediate} from 'node:timers/promises';
import {expect} from 'vitest';

import {expectedEvents, keepLasting, type StreamAct} from './stream-acts.js';
import {openRecordedStream} from './stream-server.js';

const TARGETS = ['de', 'same'];

/**
 * A speaker who does what was planned, however often its socket is cut; fails unless every event comes once, in order,
 * and what was said is what an uncut stream says.
 *
 * @param afterAct - something happens to the server.
 */
export async function actOutStream(
	url: string,
	acts: readonly StreamAct[],
	afterAct: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
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
		await afterAct();
	}
	client.end();
	await client.done;
	expect(events.map(({seq}) => seq)).toEqual(events.map((_, index) => index));
	expect(keepLasting(events)).toEqual(await expectedEvents(acts, TARGETS));
}
