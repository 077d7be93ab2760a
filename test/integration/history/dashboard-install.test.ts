import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {beforeEach, describe, expect, it} from 'vitest';

import {main} from '../../../src/cli/main.js';
import {createFakeContext, type FakeContext} from '../../helpers/fake-context.js';
import {describeWithPip} from '../../helpers/pip.js';
import {makeRayWheel, makeRecord, PAGE} from '../../helpers/ray-wheel.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const BUILD = 'ray/dashboard/client/build';

let folder: string;
let dashboards: string;
/** No Python, and no pip. */
let env: Record<string, string | undefined>;

beforeEach(async () => {
	folder = await temporaryDirectory();
	dashboards = join(folder, 'home/dashboard');
	env = {PATH: join(folder, 'none')};
});

async function install(
	...flags: readonly string[]
): Promise<Pick<FakeContext, 'stdout' | 'stderr'> & {readonly exitCode: number}> {
	const context = createFakeContext({cwd: folder, env: {INFINISST_HOME: join(folder, 'home'), ...env}});
	const exitCode = await main(['history', 'dashboard', 'install', ...flags], context);
	return {stdout: context.stdout, stderr: context.stderr, exitCode};
}

async function writeWheel(bytes: Buffer, name = 'ray-2.60.0-cp311-cp311-manylinux2014_x86_64.whl') {
	await writeFile(join(folder, name), bytes);
	return name;
}

interface Installed {
	readonly version: string;
	readonly directory: string;
}

async function installedFiles(): Promise<readonly string[]> {
	const {folder: name} = JSON.parse(await readFile(join(dashboards, 'current.json'), 'utf8')) as {
		folder: string;
	};
	const entries = await readdir(join(dashboards, name), {recursive: true, withFileTypes: true});
	return entries
		.filter(entry => entry.isFile())
		.map(entry => entry.name)
		.sort();
}

describe('infinisst history dashboard install', () => {
	it('takes out of a wheel what a browser loads, and nothing else', async () => {
		const {exitCode, stdout} = await install('--wheel', await writeWheel(makeRayWheel()), '--json');
		expect(exitCode).toBe(0);
		const {version, directory} = JSON.parse(stdout.text) as Installed;
		expect(version).toBe('2.60.0');
		expect(await installedFiles()).toEqual(['font.woff2', 'index.html', 'main.1.js']);
		expect(await readFile(join(directory, 'index.html'))).toEqual(PAGE[`${BUILD}/index.html`]);
		expect((await readdir(dashboards)).filter(name => name.startsWith('.work'))).toEqual([]);
	});

	it('keeps the page that is in use when a file is not what the list of the package says', async () => {
		await install('--wheel', await writeWheel(makeRayWheel()));
		const before = await readFile(join(dashboards, 'current.json'), 'utf8');
		const forged = makeRayWheel({
			version: '2.61.0',
			changed: {[`${BUILD}/static/js/main.1.js`]: Buffer.from('alert(1)')},
		});
		const {exitCode, stderr} = await install('--wheel', await writeWheel(forged));
		expect([exitCode, stderr.text]).toEqual([2, expect.stringContaining('static/js/main.1.js')]);
		expect(await readFile(join(dashboards, 'current.json'), 'utf8')).toBe(before);
		expect((await readdir(dashboards)).filter(name => name.startsWith('ray-'))).toHaveLength(1);
	});

	it('changes to another version, keeps the former one, and mends a page that was damaged', async () => {
		await install('--wheel', await writeWheel(makeRayWheel()));
		const newer = {...PAGE, [`${BUILD}/index.html`]: Buffer.from('newer')};
		const wheel = await writeWheel(makeRayWheel({version: '2.61.0', files: newer}));
		const {stdout} = await install('--wheel', wheel, '--json');
		const {directory} = JSON.parse(stdout.text) as Installed;
		expect((await readdir(dashboards)).filter(name => name.startsWith('ray-'))).toHaveLength(2);
		await writeFile(join(directory, 'index.html'), 'damaged');
		await install('--wheel', wheel);
		expect(await readFile(join(directory, 'index.html'), 'utf8')).toBe('newer');
	});

	it.each([
		[
			'a list that leads out of the folder',
			{record: `${BUILD}/../../../../evil.js,sha256=AAAA,1\n`},
			'"../../../../evil.js"',
		],
		['a huge file', {record: `${BUILD}/huge.js,sha256=AAAA,99999999999\n`}, 'huge.js'],
		['a member that leads out', {files: {...PAGE, '../evil.js': Buffer.from('x')}}, 'Cannot read the wheel'],
		['a file that is not there', {record: `${BUILD}/absent.js,sha256=AAAA,1\n`}, 'absent.js'],
		['no page', {files: {'ray/__init__.py': Buffer.from('')}}, "holds no page of Ray's dashboard"],
	])('refuses a wheel with %s', async (_title, options, message) => {
		const {exitCode, stderr} = await install('--wheel', await writeWheel(makeRayWheel(options)));
		expect([exitCode, stderr.text]).toEqual([2, expect.stringContaining(message)]);
		await expect(readFile(join(dashboards, 'current.json'))).rejects.toThrow('ENOENT');
	});

	it('refuses what is no wheel of Ray, and says what to do without pip', async () => {
		await writeFile(join(folder, 'text.whl'), 'no archive');
		const text = await install('--wheel', 'text.whl');
		expect([text.exitCode, text.stderr.text]).toEqual([2, expect.stringContaining('Cannot read the wheel')]);
		const none = await install();
		expect(none.exitCode).not.toBe(0);
		expect(none.stderr.text).toContain('--wheel');
		const version = await install('--ray-version', 'newest; rm -rf /');
		expect([version.exitCode, version.stderr.text]).toEqual([
			2,
			expect.stringContaining('--ray-version must be a version'),
		]);
	});

	describeWithPip('with pip', () => {
		it('fetches the wheel of another machine by its version', async () => {
			const index = join(folder, 'index');
			await mkdir(index);
			await writeFile(
				join(index, 'ray-2.61.0-cp311-cp311-manylinux2014_x86_64.whl'),
				makeRayWheel({version: '2.61.0'}),
			);
			env = {...process.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: index};
			const {exitCode, stdout, stderr} = await install('--ray-version', '2.61.0');
			expect([exitCode, stderr.text]).toEqual([0, expect.stringContaining('fetching the wheel')]);
			expect(stdout.text).toContain('the dashboard of Ray 2.61.0 is ready');
			expect(await installedFiles()).toContain('index.html');
		});

		it('takes the version it knows only with the hash it knows', async () => {
			const index = join(folder, 'index');
			await mkdir(index);
			await writeFile(join(index, 'ray-2.60.0-cp311-cp311-manylinux2014_x86_64.whl'), makeRayWheel());
			env = {...process.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: index};
			const {exitCode, stderr} = await install('--ray-version', '2.60.0');
			expect(exitCode).not.toBe(0);
			expect(stderr.text).toContain('pip could not download the wheels');
		});

		it('takes the page of a Ray that is installed, without fetching anything', async () => {
			const site = join(folder, 'site');
			for (const [name, bytes] of Object.entries(PAGE)) {
				await mkdir(join(site, name, '..'), {recursive: true});
				await writeFile(join(site, name), bytes);
			}
			const information = join(site, 'ray-2.59.0.dist-info');
			await mkdir(information);
			await writeFile(join(information, 'METADATA'), 'Metadata-Version: 2.1\nName: ray\nVersion: 2.59.0\n');
			await writeFile(join(information, 'RECORD'), makeRecord('2.59.0'));
			env = {...process.env, PYTHONPATH: site, PIP_NO_INDEX: '1'};
			const {stdout, stderr} = await install();
			expect(stdout.text).toContain('the dashboard of Ray 2.59.0 is ready');
			expect(stderr.text).toBe('');
		});
	});
});
