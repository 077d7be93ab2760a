import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it, onTestFinished} from 'vitest';

import {readJobs} from '../../../src/history/http/job-answers.js';
import {endDeadRuns} from '../../../src/history/record/end-dead-runs.js';
import {identifyProcess, isGone} from '../../../src/history/record/run-process.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {runRetention} from '../../../src/history/upkeep/run-retention.js';
import {FakeClock} from '../../helpers/fake-clock.js';
import {askJson} from '../../helpers/history.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const run = fileURLToPath(new URL('../../helpers/recorded-run.ts', import.meta.url));

async function startRun(path: string) {
	const child = spawn(process.execPath, ['--import', 'tsx', run, path], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	onTestFinished(() => void child.kill('SIGKILL'));
	await once(child.stdout, 'data');
	return child;
}

describe('a run whose process is killed', () => {
	it('goes on in the history while it lives, and has failed for the next who looks when it does not', async () => {
		const path = join(await temporaryDirectory(), 'history.db');
		const killed = await startRun(path);
		const alive = await startRun(path);
		const store = await openHistory({path});
		onTestFinished(() => store.close());
		const statuses = (): unknown =>
			store
				.sessions()
				.map(({id, name}) => [
					name.endsWith(`_${killed.pid}`),
					readJobs(store.read(id)).map(({status}) => status),
				])
				.sort();
		expect(endDeadRuns(store)).toBe(0);
		expect(statuses()).toEqual([
			[false, ['RUNNING', 'RUNNING']],
			[true, ['RUNNING', 'RUNNING']],
		]);
		killed.kill('SIGKILL');
		await once(killed, 'exit');
		expect(endDeadRuns(store)).toBe(1);
		expect(endDeadRuns(store)).toBe(0);
		expect(statuses()).toEqual([
			[false, ['RUNNING', 'RUNNING']],
			[true, ['FAILED', 'FAILED']],
		]);
		const {id} = store.sessions().find(({name}) => name.endsWith(`_${killed.pid}`))!;
		const reader = store.read(id);
		const message = `The process ${killed.pid} was killed: it ended without a word`;
		for (const job of readJobs(reader)) expect(job).toMatchObject({message, error_type: 'KILLED'});
		expect(askJson(reader, '/api/v0/tasks?detail=1')).toMatchObject({
			data: {
				result: {
					result: [
						{
							state: 'FAILED',
							error_type: 'WORKER_DIED',
							error_message: expect.stringContaining(message) as string,
						},
					],
				},
			},
		});
		expect(reader.entities('actor').map(({state}) => state)).toEqual(['DEAD']);
		expect(reader.entities('node').map(({state}) => state)).toEqual(['DEAD']);
		expect(alive.exitCode).toBeNull();
	});

	it('goes by rules of what is kept once it is over, and never while its process lives', async () => {
		const path = join(await temporaryDirectory(), 'history.db');
		const [alive, killed] = await Promise.all([startRun(path), startRun(path)]);
		const store = await openHistory({path});
		onTestFinished(() => store.close());
		const clock = new FakeClock();
		const ending = new AbortController();
		const ended = runRetention(
			{
				...{store, rules: {keepCount: 1, maxBytes: 1, olderThanMs: 1}, clock},
				...{now: () => Date.now() + 86_400_000, onNotice: () => undefined},
			},
			ending.signal,
		);
		const pids = (): unknown =>
			store
				.sessions()
				.map(({name}) => Number(name.split('_').at(-1)))
				.sort();
		const pass = async (): Promise<void> => {
			clock.advance(60_000);
			await expect.poll(() => clock.timerCount).toBe(1);
		};
		await pass();
		expect(pids()).toEqual([alive.pid, killed.pid].sort());
		killed.kill('SIGKILL');
		await once(killed, 'exit');
		await pass();
		expect(pids()).toEqual([alive.pid]);
		ending.abort();
		await ended;
	});

	it('is ended by the next run of the program', async () => {
		const path = join(await temporaryDirectory(), 'history.db');
		const killed = await startRun(path);
		killed.kill('SIGKILL');
		await once(killed, 'exit');
		await startRun(path);
		const store = await openHistory({path});
		onTestFinished(() => store.close());
		const {id} = store.sessions().find(({name}) => name.endsWith(`_${killed.pid}`))!;
		expect(readJobs(store.read(id)).map(({status}) => status)).toEqual(['FAILED', 'FAILED']);
	});
});

describe('isGone()', () => {
	const own = {hostname: hostname(), pid: process.pid, identity: identifyProcess(process.pid)!};

	it('knows its own process, and one that had its id before', () => {
		expect(own.identity).toMatch(/^[\da-f-]{36} pid:\[\d+\] \d+$/);
		expect(isGone(own)).toBe(false);
		const [boot, namespace, start] = own.identity.split(' ');
		expect(isGone({...own, identity: `${boot} ${namespace} ${Number(start) - 1}`})).toBe(true);
		expect(isGone({...own, identity: `another-boot ${namespace} ${start}`})).toBe(true);
	});

	it('does not judge those of other machines and containers', () => {
		const [boot, , start] = own.identity.split(' ');
		expect(isGone({...own, hostname: 'elsewhere', identity: 'another-boot pid:[1] 5'})).toBe(false);
		expect(isGone({...own, pid: 1 << 30, identity: `${boot} pid:[1] ${start}`})).toBe(false);
	});

	it('asks for the id alone where the system tells no more', () => {
		expect(isGone({...own, identity: ''})).toBe(false);
		expect(isGone({...own, pid: 1 << 30, identity: ''})).toBe(true);
	});
});
