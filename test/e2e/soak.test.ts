import {beforeAll, expect, it, vi} from 'vitest';
import {openLiveEngine} from '../../bench/live/open-live-engine.js';
import {findGrowth, runSoak} from '../../bench/live/soak-run.js';
import {ensureDefaultModel, testHome} from '../helpers/default-model.js';
import {describeWithShared, sharedPath} from '../helpers/shared.js';

/** Some three minutes for one core; `npm run bench:soak` plays hours. */
const SPEECH_MINUTES = 30;

describeWithShared('a live session that does not end', () => {
	beforeAll(async () => {
		await ensureDefaultModel();
		vi.stubEnv('INFINISST_HOME', testHome);
	});

	it(
		'costs as much and holds as much after half an hour of speech as at the beginning',
		async () => {
			const engine = await openLiveEngine({transport: 'process', replicas: 1});
			try {
				const run = await runSoak({
					engine,
					paths: ['en_jfk', 'en_fleurs01', 'en_fleurs03', 'en_libri_1688'].map(name =>
						sharedPath(`audio/dev/${name}.flac`),
					),
					language: 'en',
					minutes: SPEECH_MINUTES,
					latencyMultiplier: 1,
				});
				expect(run.audioMs).toBeGreaterThanOrEqual(SPEECH_MINUTES * 60_000);
				// A round is a minute and a half.
				expect(run.samples.length).toBeGreaterThanOrEqual(18);
				expect(run.samples[0]!.words).toBeGreaterThan(150);
				expect(findGrowth(run)).toEqual([]);
			} finally {
				await engine.engine.close();
			}
		},
		// On a machine that does other things, too.
		40 * 60_000,
	);
});
