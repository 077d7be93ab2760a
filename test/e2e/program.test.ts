import {once} from 'node:events';
import {readFile, readdir} from 'node:fs/promises';
import {join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';

import {temporaryDirectory} from '../helpers/temporary-directory.js';
import {programPath, runProgram, startProgram} from '../helpers/run-program.js';

describe('bin/infinisst.js', () => {
	it('prints its version', async () => {
		const {version} = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
			version: string;
		};
		expect(await runProgram(['--version'])).toEqual({exitCode: 0, stdout: `${version}\n`, stderr: ''});
	});

	it('prints its help on the standard output', async () => {
		const {exitCode, stdout, stderr} = await runProgram(['--help']);
		expect({exitCode, stderr}).toEqual({exitCode: 0, stderr: ''});
		expect(stdout).toMatch(/^Usage: infinisst /);
		expect(stdout).toMatch(/^ {2}translate /m);
	});

	it.each([
		[['--help']],
		[['--version']],
		[['translate', '--help']],
		[['models', '--help']],
		[['worker', '--help']],
		[['serve', '--help']],
		[['status', '--help']],
		[['config', 'show', '--help']],
	])('loads nothing but the file it starts with for %j', async parameters => {
		// Its record of coverage names every file that Node loads.
		const folder = await temporaryDirectory();
		expect(await runProgram(parameters, {env: {NODE_V8_COVERAGE: folder}})).toMatchObject({exitCode: 0});
		const [report] = await readdir(folder);
		const {result} = JSON.parse(await readFile(join(folder, report!), 'utf8')) as {result: {url: string}[]};
		const files = result.map(({url}) => url).filter(url => url.startsWith('file:'));
		const root = fileURLToPath(new URL('../..', import.meta.url));
		expect(files.map(url => relative(root, fileURLToPath(url)))).toEqual([
			join('bin', 'infinisst.js'),
			join('dist', 'cli', 'start.js'),
		]);
	});

	it('starts with a file that holds no package but commander', async () => {
		const map = await readFile(new URL('../../dist/cli/start.js.map', import.meta.url), 'utf8');
		const {sources} = JSON.parse(map) as {sources: string[]};
		const packages = sources.flatMap(path => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
		expect([...new Set(packages)]).toEqual(['commander']);
	});

	it('answers a mistyped flag with one sentence and 2', async () => {
		expect(await runProgram(['translate', 'a.wav', '--formt', 'srt'])).toEqual({
			exitCode: 2,
			stdout: '',
			stderr: "infinisst: unknown option '--formt'. Did you mean --format?\n",
		});
	});

	it('says that the default model is missing, with 3', async () => {
		const {exitCode, stderr} = await runProgram(['translate', programPath], {
			env: {INFINISST_HOME: '/nonexistent/infinisst'},
		});
		expect(exitCode).toBe(3);
		expect(stderr).toContain('infinisst models pull whisper-base');
	});

	it('ends quietly when the reader of the results has gone', async () => {
		const child = startProgram(['translate', '--help']);
		child.stdout.destroy();
		const [exitCode] = (await once(child, 'close')) as [number];
		expect(exitCode).toBe(0);
	});
});
