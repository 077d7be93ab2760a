import {afterAll, beforeAll, expect, it} from 'vitest';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

import {compareAnswer, type AllowedDifference} from '../../helpers/compare-answers.js';
import {ask, askJson} from '../../helpers/history.js';
import {observeRay, type ObservedRay} from '../../helpers/observe-ray.js';
import {describeWithRay, ensureRay, type RayCluster} from '../../helpers/real-ray.js';

const fixtures = fileURLToPath(new URL('../../fixtures/ray/', import.meta.url));

/** What is so of this cluster only. */
const ALLOWED: readonly AllowedDifference[] = [
	{
		path: /^\/api\/(serve|data|train)\//,
		place: /^(status|type|text)$/,
		because: 'what is not installed there has an answer of its own: here there is none of it',
	},
	{
		path: /exclude_driver=false/,
		place: /"f+01000000"\/0\]\.profiling_data\.events\[\d+\]$/,
		because: "the head's own driver goes on after the question",
	},
	{
		path: /^\/(logical\/actors|nodes\/)/,
		place: /(^|\.)startTime$/,
		within: 500,
		because:
			'the head reads its clock again when it writes the event, on a busy machine some time after the table',
	},
	{
		path: /filename=nosuch\.log$/,
		place: /^(status|type|isFile|text)$/,
		detail:
			/^(200 was recorded, ours is 500|("text\/plain"|true) was recorded.*|"" was recorded, ours is "A file is not found at: .*)$/,
		because:
			"the head at times takes the end of its agent's answer for an empty file, before it reads why there is none",
	},
];

const ENDED = ['SUCCEEDED', 'FAILED', 'STOPPED'];

describeWithRay('a cluster of the real Ray whose head is gone', () => {
	let marks: string;
	let observed: ObservedRay;

	beforeAll(async () => {
		marks = await mkdtemp(join(tmpdir(), 'infinisst-ray-'));
		const startedMs = performance.now();
		const onStep = (step: string, ms: number) => console.log(`real Ray: ${step} ${(ms / 1000).toFixed(1)} s`);
		const programs = await ensureRay();
		onStep('installation', performance.now() - startedMs);
		const python = join(programs, 'python');
		const plain = `${python} ${fixtures}plain-driver.py`;
		const asIfAlone = 'env -u RAY_JOB_CONFIG_JSON_ENV_VAR';
		const work = async (cluster: RayCluster) => {
			await Promise.all([
				cluster.submit(`${python} ${fixtures}tour.py ${marks}`, 'tour', {metadata: {owner: 'test'}}),
				cluster.submit(`${python} ${fixtures}failing-driver.py`, 'failing'),
				cluster.submit(`${python} ${fixtures}holding-driver.py ${marks}`, 'stopped'),
				cluster.submit(`${plain} && ${plain}`, 'two drivers', {metadata: {key: ''}}),
			]);
			await cluster.untilLogged('stopped', 'holding\n');
			await cluster.stopJob('stopped');
			for (const id of ['tour', 'failing', 'stopped', 'two%20drivers']) await cluster.untilJob(id, ENDED);
			await cluster.submit(`${python} ${fixtures}holding-driver.py ${marks}`, 'held');
			// Drivers that nobody submitted: one is over, one is not.
			await cluster.submit(`${asIfAlone} ${plain} && ${asIfAlone} ${plain} stay`, 'outer');
			await cluster.untilLogged('held', 'holding\n');
			await cluster.untilLogged('outer', 'staying\n');
		};
		observed = await observeRay({programs, work, onStep});
		return () => observed.close();
	});

	afterAll(() => rm(marks, {recursive: true, force: true}));

	it('has left no process behind', () => {
		expect(observed.survivors).toEqual([]);
	});

	it('has run what is to be compared', () => {
		const jobs = askJson(observed.reader, '/api/jobs/') as {submission_id: string | null; status: string}[];
		const isDriver = (job: (typeof jobs)[number]) => job.submission_id === null;
		const submitted = jobs.filter(job => !isDriver(job)).map(job => [job.submission_id, job.status]);
		expect(Object.fromEntries(submitted)).toEqual({
			tour: 'SUCCEEDED',
			failing: 'FAILED',
			stopped: 'STOPPED',
			'two drivers': 'SUCCEEDED',
			held: 'RUNNING',
			outer: 'RUNNING',
		});
		expect(
			jobs
				.filter(isDriver)
				.map(({status}) => status)
				.sort(),
		).toEqual(['RUNNING', 'SUCCEEDED']);
	});

	it('is answered for as it answered itself, on every address', () => {
		expect(observed.recordings.length).toBeGreaterThan(300);
		const differing = observed.recordings.flatMap(recording => {
			const differences = compareAnswer(recording, ask(observed.reader, recording.path), ALLOWED);
			return differences.length === 0 ? [] : [{path: recording.path, differences}];
		});
		expect(differing).toEqual([]);
	});
});
