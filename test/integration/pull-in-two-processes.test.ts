import {on} from 'node:events';
import {existsSync} from 'node:fs';
import {readdir, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa, type ResultPromise} from 'execa';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {openModelStore} from '../../src/core/models/model-store.js';
import {startFakeHub, type FakeHub} from '../helpers/fake-hub.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';
import {makeRepositoryFiles} from '../helpers/weights.js';

const SCRIPT = fileURLToPath(new URL('../helpers/pull-in-process.ts', import.meta.url));

describe('processes that pull the same model', () => {
	let hub: FakeHub;
	let root: string;

	beforeEach(async () => {
		hub = await startFakeHub({'owner/first': {files: makeRepositoryFiles(3_000_000), lfs: ['model.bin']}});
		root = await temporaryDirectory();
	});

	afterEach(() => hub.close());

	function pullInProcess(): ResultPromise<{lines: true}> {
		return execa(process.execPath, ['--import', 'tsx', SCRIPT, root, hub.endpoint, 'owner/first'], {
			lines: true,
		});
	}

	/** Resolves when the process has printed an event of this type. Reading on is left to the process's result. */
	async function untilEvent(child: ResultPromise<{lines: true}>, type: string): Promise<void> {
		let printed = '';
		for await (const [text] of on(child.stdout, 'data', {close: ['end']})) {
			printed += String(text);
			if (printed.split('\n').includes(type)) return;
		}
		throw new Error(`the process ended without ${type}`);
	}

	const untilStalled = () =>
		expect
			.poll(() => partialSize(join(root, 'models', 'owner--first', 'unfinished')), {timeout: 60_000})
			.toBe(2_000_000);

	it('download once: one works, the other waits and finds it done', async () => {
		hub.plan('cdn', 'model.bin', {kind: 'stall', afterBytes: 2_000_000});
		const first = pullInProcess();
		await untilStalled();
		const second = pullInProcess();
		await untilEvent(second, 'lock-awaited');
		// The first is still at it: now its connection breaks, and it goes on.
		hub.dropConnections();
		const [one, two] = await Promise.all([first, second]);
		expect(one.stdout.at(-1)).toBe('model-installed');
		expect(two.stdout).toEqual(['lock-awaited', 'model-found']);
		const downloads = hub.downloadsOf('model.bin');
		expect(downloads.map(request => request.range)).toEqual([
			undefined,
			expect.stringMatching(/^bytes=\d+-$/),
		]);
		expect((await openModelStore({rootDirectory: root}).verify('owner--first')).isIntact).toBe(true);
	});

	it('take over from one that was killed, with the bytes it had', async () => {
		hub.plan('cdn', 'model.bin', {kind: 'stall', afterBytes: 2_000_000});
		const killed = pullInProcess();
		killed.catch(() => undefined);
		const partial = join(root, 'models', 'owner--first', 'unfinished');
		await expect.poll(() => partialSize(partial), {timeout: 60_000, interval: 50}).toBeGreaterThan(1_000_000);
		killed.kill('SIGKILL');
		await expect(killed).rejects.toMatchObject({signal: 'SIGKILL'});
		expect(existsSync(join(root, 'locks', 'owner--first.lock'))).toBe(true);

		const {stdout} = await pullInProcess();
		expect(stdout).not.toContain('lock-awaited');
		expect(stdout.at(-1)).toBe('model-installed');
		expect(hub.downloadsOf('model.bin').at(-1)!.range).toMatch(/^bytes=\d{7}-$/);
		expect((await openModelStore({rootDirectory: root}).verify('owner--first')).isIntact).toBe(true);
	});
});

async function partialSize(directory: string): Promise<number> {
	const paths = await readdir(directory, {recursive: true}).catch(() => []);
	const path = paths.find(name => name.endsWith('model.bin.partial'));
	return path === undefined ? 0 : (await stat(join(directory, path))).size;
}
