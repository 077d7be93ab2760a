import {setImmediate} from 'node:timers/promises';
import {expect, it} from 'vitest';

import {createRandom} from '../../../src/core/util/random.js';
import {startCuttingProxy} from '../../helpers/cutting-proxy.js';
import {expectedEvents, keepLasting, planActs} from '../../helpers/stream-acts.js';
import {openRecordedStream, startStreamServer} from '../../helpers/stream-server.js';

const CUTS = 10_000;
const SPEAKERS = 8;
const TARGETS = ['de', 'same'];

it(
	`goes on after ${CUTS} cuts at any byte, with no event and no sample lost or doubled`,
	{timeout: 900_000},
	async () => {
		const {port, faults} = await startStreamServer({limits: {maxSessions: 1000}});
		const random = createRandom(5);
		const proxy = await startCuttingProxy(port, () => ({
			// Some in the handshake, most among the events.
			upBytes: Math.floor(random() ** 2 * 60_000),
			downBytes: Math.floor(random() * 6000),
			isReset: random() < 0.5,
		}));
		const url = `ws://127.0.0.1:${proxy.port}/v1/stream`;
		const runSpeaker = async (speaker: number): Promise<void> => {
			for (let talk = 0; proxy.cuts < CUTS; talk++) {
				const acts = planActs(speaker * 1000 + talk, 30);
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
				}
				client.end();
				await client.done;
				expect(events.map(({seq}) => seq)).toEqual(events.map((_, index) => index));
				expect(keepLasting(events)).toEqual(await expectedEvents(acts, TARGETS));
			}
		};
		await Promise.all(Array.from({length: SPEAKERS}, (_, speaker) => runSpeaker(speaker)));
		expect(proxy.cuts).toBeGreaterThanOrEqual(CUTS);
		expect(faults).toEqual([]);
	},
);
