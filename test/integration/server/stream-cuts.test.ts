import {expect, it} from 'vitest';

import {createRandom} from '../../../src/core/util/random.js';
import {startCuttingProxy} from '../../helpers/cutting-proxy.js';
import {actOutStream} from '../../helpers/act-out-stream.js';
import {planActs} from '../../helpers/stream-acts.js';
import {startStreamServer} from '../../helpers/stream-server.js';

const CUTS = 10_000;
const SPEAKERS = 8;

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
				await actOutStream(url, planActs(speaker * 1000 + talk, 30));
			}
		};
		await Promise.all(Array.from({length: SPEAKERS}, (_, speaker) => runSpeaker(speaker)));
		expect(proxy.cuts).toBeGreaterThanOrEqual(CUTS);
		expect(faults).toEqual([]);
	},
);
