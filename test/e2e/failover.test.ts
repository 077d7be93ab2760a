import {expect, it} from 'vitest';
import {runFailover} from '../../bench/kit/failover-run.js';
import {scriptedAudio} from '../helpers/scripted-audio.js';
import {scriptedReplica} from '../helpers/scripted-replica.js';

/** How many processes are killed; continuous integration does a few, `bench/failover.ts` does a hundred with a model. */
const KILLS = Number(process.env['INFINISST_FAILOVER_KILLS'] ?? 4);

it(
	'loses and doubles nothing of eight live sessions whose processes are killed at random moments',
	async () => {
		const run = await runFailover({
			describeReplica: id => scriptedReplica({id, stepCostMs: 5}),
			replicas: 2,
			kills: KILLS,
			clips: Array.from({length: 8}, (_, index) => scriptedAudio(12 + index, index + 1)),
			options: {sourceLanguage: 'auto', targets: ['same', 'de'], latencyMultiplier: 1, words: true},
			speed: 4,
			seed: 4,
		});
		expect(run.differences).toEqual([]);
		expect(run.kills).toHaveLength(KILLS);
		expect(run.failovers).toBeGreaterThanOrEqual(KILLS);
		expect(run.finals).toBeGreaterThan(100);
	},
	60_000 + KILLS * 15_000,
);
