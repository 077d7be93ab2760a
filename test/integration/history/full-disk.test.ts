import {execFileSync} from 'node:child_process';
import {mkdirSync} from 'node:fs';
import {rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';

import {createCollectListener} from '../../../src/history/collect/collect-listener.js';
import {listen} from '../../../src/history/http/listen.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {makeTaskEvents, testCluster} from '../../helpers/history.js';
import {skipSuite} from '../../helpers/requirements.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const DISK_BYTES = 6_000_000;

/** Only root may mount, and a container may forbid it to root too. */
const canMount = ((): boolean => {
	const folder = `/tmp/infinisst-mount-${process.pid}`;
	try {
		mkdirSync(folder);
		execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100k', 'tmpfs', folder], {stdio: 'ignore'});
		execFileSync('umount', [folder], {stdio: 'ignore'});
		return true;
	} catch {
		return false;
	} finally {
		execFileSync('rmdir', [folder], {stdio: 'ignore'});
	}
})();

async function mountSmallDisk(): Promise<string> {
	const folder = await temporaryDirectory();
	execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder]);
	onTestFinished(() => {
		execFileSync('umount', [folder]);
	});
	return folder;
}

function suite(): void {
	it('asks Ray to come again while the disk is full, loses nothing it took, and goes on when there is room', async () => {
		const disk = await mountSmallDisk();
		const ballast = join(disk, 'ballast');
		await writeFile(ballast, Buffer.alloc(3_000_000));
		const path = join(disk, 'history.db');
		const store = await openHistory({path});
		const server = await listen(
			createCollectListener({store, cluster: testCluster, token: '', isDraining: () => false}),
			{host: '127.0.0.1', port: 0},
		);
		const post = async (first: number) => {
			const body = JSON.stringify(makeTaskEvents(first, 200));
			const answer = await fetch(`${server.url}/v1/events`, {method: 'POST', body});
			return [answer.status, answer.headers.get('retry-after')] as const;
		};
		let acknowledged = 0;
		let [status, retryAfter] = await post(0);
		expect(status).toBe(200);
		while (status === 200) {
			acknowledged += 200;
			expect(acknowledged).toBeLessThan(1_000_000);
			[status, retryAfter] = await post(acknowledged);
		}

		expect([status, Number(retryAfter) > 0]).toEqual([503, true]);
		// And again, as Ray does.
		expect((await post(acknowledged))[0]).toBe(503);
		await expectHeld(path, acknowledged);
		await rm(ballast);
		expect(await post(acknowledged)).toEqual([200, null]);
		acknowledged += 200;
		expect((await post(acknowledged))[0]).toBe(200);
		await expectHeld(path, acknowledged + 200);
		await server.close();
		store.close();
	});
}

/** As another process sees it. */
async function expectHeld(path: string, tasks: number): Promise<void> {
	const store = await openHistory({path});
	expect(store.verify()).toEqual([]);
	const reader = store.read(store.sessions()[0]!.id);
	expect(reader.countTasks({filters: [], excludesDrivers: true})).toBe(tasks);
	store.close();
}

if (canMount) describe('a collector whose disk is full', suite);
else skipSuite('a collector whose disk is full', 'root, to mount a small disk');
