import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import {withProcessLock, type ProcessLockOptions} from '../../../../../src/core/models/store/process-lock.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';

describe('withProcessLock', () => {
	let path: string;

	beforeEach(async () => {
		path = join(await temporaryDirectory(), 'locks', 'a.lock');
	});

	function lock<Result>(
		work: () => Promise<Result>,
		options: Partial<ProcessLockOptions> = {},
	): Promise<Result> {
		return withProcessLock(path, {subject: 'model a', waitMs: 60_000, ...options}, work);
	}

	/** As if a process had taken the lock and kept it. */
	async function leaveLock(
		processId: number,
		{host = hostname(), processStart}: {host?: string; processStart?: string} = {},
	) {
		await lock(() => Promise.resolve());
		await writeFile(path, JSON.stringify({token: 'theirs', processId, host, processStart}));
	}

	it('runs one work at a time and lets go of the lock, whatever the work does', async () => {
		let running = 0;
		let most = 0;
		const work = async () => {
			most = Math.max(most, ++running);
			await new Promise(resolve => setImmediate(resolve));
			running--;
		};
		const failing = lock(async () => {
			await work();
			throw new Error('boom');
		});
		await Promise.all([lock(work), expect(failing).rejects.toThrow('boom'), lock(work)]);
		expect(most).toBe(1);
		expect(existsSync(path)).toBe(false);
	});

	it('takes over the lock of a process that is gone', async () => {
		const child = spawn(process.execPath, ['-e', '']);
		await once(child, 'exit');
		await leaveLock(child.pid!);
		const waits: string[] = [];
		expect(await lock(() => Promise.resolve('done'), {onWait: holder => waits.push(holder)})).toBe('done');
		expect(waits).toEqual([]);
	});

	it('takes over the lock of a process whose number another process has now', async () => {
		const child = startSleeper();
		await leaveLock(child.pid!, {processStart: '1'});
		if (!existsSync('/proc/self/stat')) return;
		expect(await lock(() => Promise.resolve('done'), {waitMs: 0})).toBe('done');
	});

	it('waits for a process that lives, says for whom, and gives up in the end', async () => {
		const child = startSleeper();
		await leaveLock(child.pid!);
		const waits: string[] = [];
		const error = await catchRejection(
			lock(() => Promise.resolve(), {waitMs: 0, onWait: holder => waits.push(holder)}),
		);
		expect(error.code).toBe('MODEL_LOCKED');
		expect(waits).toEqual([`process ${child.pid!} on ${hostname()}`]);
		expect(existsSync(path)).toBe(true);
	});

	it('waits for another part of the same program, and does not call it a process', async () => {
		const waits: string[] = [];
		let release!: () => void;
		let begin!: () => void;
		const begun = new Promise<void>(resolve => (begin = resolve));
		const released = new Promise<void>(resolve => (release = resolve));
		const first = lock(() => {
			begin();
			return released;
		});
		await begun;
		const second = lock(() => Promise.resolve('done'), {
			onWait: holder => {
				waits.push(holder);
				release();
			},
		});
		expect(await second).toBe('done');
		await first;
		expect(waits).toEqual(['another part of this program']);
	});

	it('goes on as soon as a process that lived is gone', async () => {
		const child = startSleeper();
		await leaveLock(child.pid!);
		const result = await lock(() => Promise.resolve('done'), {onWait: () => void child.kill()});
		expect(result).toBe('done');
	});

	it('does not judge a process of another machine by its number', async () => {
		const child = spawn(process.execPath, ['-e', '']);
		await once(child, 'exit');
		await leaveLock(child.pid!, {host: 'elsewhere'});
		expect((await catchRejection(lock(() => Promise.resolve(), {waitMs: 0}))).code).toBe('MODEL_LOCKED');
	});

	it('stops waiting with the reason of the signal', async () => {
		await leaveLock(process.pid);
		const controller = new AbortController();
		const reason = new Error('enough');
		const waiting = lock(() => Promise.resolve(), {
			signal: controller.signal,
			onWait: () => controller.abort(reason),
		});
		await expect(waiting).rejects.toBe(reason);
	});

	it('does not remove a lock that another process has taken from it', async () => {
		await lock(async () => {
			await writeFile(path, JSON.stringify({token: 'theirs', processId: process.pid, host: hostname()}));
		});
		expect(await readFile(path, 'utf8')).toContain('theirs');
	});
});

/** A process that lives until the test has finished. */
function startSleeper(): ChildProcess {
	const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
	onTestFinished(() => void child.kill());
	return child;
}
