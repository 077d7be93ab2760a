import {mkdir, readdir, truncate, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {main} from '../../src/cli/main.js';
import {RunStop} from '../../src/cli/run-stop.js';
import type {ModelStoreOptions} from '../../src/core/models/model-store.js';
import {createFakeContext, type FakeContext} from '../helpers/fake-context.js';
import {startFakeHub, type FakeHub} from '../helpers/fake-hub.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';
import {openTestStore} from '../helpers/test-store.js';
import {makeRepositoryFiles} from '../helpers/weights.js';

describe('infinisst models', () => {
	let hub: FakeHub;
	let folder: string;

	beforeEach(async () => {
		hub = await startFakeHub({'owner/first': {files: makeRepositoryFiles(), lfs: ['model.bin']}});
		folder = await temporaryDirectory();
	});

	afterEach(() => hub.close());

	interface Run extends FakeContext {
		readonly exitCode: number;
	}

	async function run(
		args: readonly string[],
		{home = 'home', ...options}: Partial<ModelStoreOptions> & {home?: string} = {},
		prepare?: (context: FakeContext) => void,
	): Promise<Run> {
		const store = openTestStore(join(folder, home), hub, {workingDirectory: folder, ...options});
		const context = createFakeContext({store, cwd: folder});
		prepare?.(context);
		const exitCode = await main(['models', ...args], context);
		return {...context, exitCode};
	}

	const parseLines = (lines: readonly string[]) =>
		lines.map(line => JSON.parse(line) as Record<string, unknown>);

	it('pull fetches and builds the default model, results on stdout and the rest on stderr', async () => {
		const {exitCode, stdout, stderr} = await run(['pull']);
		expect(exitCode).toBe(0);
		expect(stdout.lines).toEqual([
			expect.stringMatching(
				/^tiny-test is ready \(int8\): 300\.\d kB, Hugging Face hub, owner\/first at 01234567$/,
			),
		]);
		expect(stderr.text).toContain('fetching from Hugging Face hub, owner/first');
	});

	it('pull prints events with --json, and last what to use', async () => {
		const {stdout, stderr} = await run(['pull', 'tiny-test', '--json', '--precision', 'fp32']);
		const events = parseLines(stdout.lines);
		expect(events[0]).toEqual({
			type: 'source-tried',
			model: 'tiny-test',
			source: 'Hugging Face hub, owner/first',
		});
		const progress = events.filter(event => event['type'] === 'file-progressed');
		expect(progress.at(-1)).toMatchObject({receivedBytes: progress.at(-1)!['totalBytes']});
		expect(events.at(-1)).toMatchObject({type: 'model-ready', model: 'tiny-test', precision: 'fp32'});
		expect(stderr.text).toBe('');
	});

	it('pull says nothing but its result with --quiet', async () => {
		const {stderr, stdout} = await run(['pull', '--quiet']);
		expect(stderr.text).toBe('');
		expect(stdout.lines).toHaveLength(1);
	});

	it('pull takes a combination as recommend names it', async () => {
		const {exitCode, stdout} = await run(['pull', 'tiny-test+tiny-test', '--quiet']);
		expect([exitCode, stdout.lines[0]]).toEqual([0, expect.stringMatching(/^tiny-test is ready/)]);
	});

	it('recommend asks for one language at a time', async () => {
		const {exitCode, stderr} = await run(['recommend', '--from', 'en', '--to', 'de,zh']);
		expect([exitCode, stderr.text]).toEqual([2, expect.stringContaining('--to is one language here')]);
	});

	it('pull checks all names before it fetches the first', async () => {
		const {exitCode, stderr} = await run(['pull', 'tiny-test', 'tiny-tset']);
		expect(exitCode).toBe(3);
		expect(stderr.lines).toEqual([expect.stringContaining('did you mean "tiny-test"?')]);
		expect(hub.requests).toHaveLength(0);
	});

	it('pull refuses a precision that does not exist', async () => {
		const {exitCode, stderr} = await run(['pull', '--precision', 'int4']);
		expect(exitCode).toBe(2);
		expect(stderr.text).toContain('--precision must be one of auto, fp32, fp16w, int8, q8, q4');
	});

	it('pull ends with 3 and the ways out when nothing delivers', async () => {
		hub.plan('hub', 'api', {kind: 'status', status: 404});
		const {exitCode, stderr} = await run(['pull']);
		expect(exitCode).toBe(3);
		expect(stderr.lines.at(-1)).toContain('404');
	});

	it('pull that is stopped leaves nothing installed', async () => {
		hub.plan('cdn', 'model.bin', {kind: 'stall', afterBytes: 100_000});
		const stopped = await run(['pull', '--json'], {}, context => {
			const write = context.stdout._write.bind(context.stdout);
			context.stdout._write = (chunk: Buffer, encoding, done) => {
				write(chunk, encoding, done);
				if (chunk.includes('config.json')) context.stop(RunStop.interrupted());
			};
		});
		expect(stopped.exitCode).toBe(130);
		expect((await run(['list', '--json'])).stdout.text).toContain('"isInstalled":false');
	});

	it('list shows what is installed and what can be had, also as JSON', async () => {
		const before = await run(['list']);
		expect(before.exitCode).toBe(0);
		expect(before.stdout.lines[1]).toMatch(
			/^tiny-test \(default\) +available +300\.0 kB +2 +transcribe, translate +MIT +for tests$/,
		);
		await run(['pull']);
		const after = await run(['list']);
		expect(after.stdout.lines[1]).toContain('installed, int8');
		const [model] = parseLines((await run(['list', '--json'])).stdout.lines);
		expect(model).toMatchObject({name: 'tiny-test', isInstalled: true, precisions: ['int8']});
	});

	it('show says what is known before and after a model is installed', async () => {
		const before = await run(['show', 'tiny-test']);
		expect(before.stdout.text).toMatch(/^Installed +no; about 300\.0 kB to fetch$/m);
		expect(before.stdout.text).toMatch(/^Sources +Hugging Face hub, owner\/first@main$/m);
		await run(['pull']);
		const after = await run(['show', 'tiny-test']);
		expect(after.stdout.text).toMatch(/^From +Hugging Face hub, owner\/first at 01234567$/m);
		expect(after.stdout.text).toMatch(/[0-9a-f]{64} +300\.0 kB +model\.bin/);
		const [facts] = parseLines((await run(['show', 'tiny-test', '--json'])).stdout.lines);
		expect(facts).toMatchObject({name: 'tiny-test', installed: {name: 'tiny-test'}});
		expect((await run(['show', 'owner/other'])).exitCode).toBe(3);
	});

	it('verify reads all installed models, and ends with 3 if one is damaged', async () => {
		await run(['pull']);
		const good = await run(['verify']);
		expect(good.exitCode).toBe(0);
		expect(good.stdout.lines).toEqual(['tiny-test: all 5 files are intact']);
		await truncate(join(folder, 'home', 'models', 'tiny-test', 'source', 'model.bin'), 5);
		const bad = await run(['verify']);
		expect(bad.exitCode).toBe(3);
		expect(bad.stdout.lines).toEqual(['tiny-test: source/model.bin has another size']);
		expect(bad.stderr.text).toContain('models rm tiny-test');
		expect(parseLines((await run(['verify', '--json'])).stdout.lines)[0]).toMatchObject({isIntact: false});
	});

	it('rm deletes without asking, and refuses an unknown name, naming the closest', async () => {
		await run(['pull']);
		const wrong = await run(['rm', 'tiny-tost']);
		expect(wrong.exitCode).toBe(3);
		expect(wrong.stderr.text).toContain('did you mean "tiny-test"?');
		const right = await run(['rm', 'tiny-test']);
		expect(right.exitCode).toBe(0);
		expect(right.stdout.text).toMatch(/^Removed tiny-test, 30\d\.\d kB are free again\n$/);
		expect(await readdir(join(folder, 'home', 'models'))).toEqual([]);
	});

	it('export and import carry a model to a machine without a network', async () => {
		await run(['pull']);
		const exported = await run(['export', 'tiny-test', '--output', 'out.tar']);
		expect(exported.stdout.text).toMatch(/^tiny-test is in out\.tar: 30\d\.\d kB\n$/);
		const requests = hub.requests.length;
		const imported = await run(['import', 'out.tar', '--json'], {home: 'elsewhere'});
		expect(parseLines(imported.stdout.lines).at(-1)).toMatchObject({
			type: 'model-imported',
			model: 'tiny-test',
		});
		expect((await run(['pull', '--quiet'], {home: 'elsewhere'})).exitCode).toBe(0);
		expect(hub.requests).toHaveLength(requests);
	});

	it('import takes a folder under the name it is given', async () => {
		await mkdir(join(folder, 'weights'));
		for (const [name, bytes] of Object.entries(makeRepositoryFiles())) {
			await writeFile(join(folder, 'weights', name), bytes);
		}
		const {exitCode, stdout} = await run(['import', 'weights', '--name', 'mine']);
		expect(exitCode).toBe(0);
		expect(stdout.text).toContain('mine is installed');
		expect((await run(['list'])).stdout.text).toMatch(/^mine +installed/m);
	});

	it.each([
		[['export', 'tiny-test']],
		[['import']],
		[['rm']],
		[['show']],
		[['pull', '--precission', 'int8']],
		[['import', 'x', '--name', '']],
	])('refuses %j as bad input', async args => {
		const {exitCode, stderr} = await run(args);
		expect(exitCode).toBe(2);
		expect(stderr.lines).toHaveLength(1);
	});
});
