import {beforeAll, expect, it} from 'vitest';
import {runLong} from '../../bench/kit/long-run.js';
import {ensureDefaultModel, testHome} from '../helpers/default-model.js';
import {programPath} from '../helpers/run-program.js';
import {describeWithShared, sharedPath} from '../helpers/shared.js';

const MEBIBYTE = 2 ** 20;

describeWithShared('infinisst translate of a recording without end', () => {
	beforeAll(async () => {
		await ensureDefaultModel();
	});

	it('holds no more memory after ten minutes than after five', async () => {
		const {audioMs, segments, memory} = await runLong({
			program: programPath,
			paths: ['en_fleurs01', 'en_fleurs03', 'en_jfk', 'es_fleurs06'].map(name =>
				sharedPath(`audio/dev/${name}.flac`),
			),
			minutes: 10,
			sampleEveryMs: 15_000,
			env: {INFINISST_HOME: testHome},
		});
		expect(audioMs).toBe(10 * 60_000);
		// Each of the recordings is repeated some fifteen times and is about a segment.
		expect(segments).toBeGreaterThanOrEqual(40);
		const residentBytes = (fromMs: number, toMs: number): number[] =>
			memory
				.filter(sample => sample.audioMs >= fromMs && sample.audioMs < toMs)
				.map(sample => sample.residentBytes);
		const early = residentBytes(180_000, 300_000);
		const late = residentBytes(480_000, 600_000);
		expect(Math.min(early.length, late.length)).toBeGreaterThanOrEqual(3);
		// What the model holds of one segment is 4 MB or more, and some twenty-five lie in between; the
		// allocators grew by 15 MB where it was measured.
		expect(Math.min(...late) - Math.max(...early)).toBeLessThan(48 * MEBIBYTE);
	});
});
