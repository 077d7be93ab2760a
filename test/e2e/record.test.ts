import {mkdir, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {beforeAll, describe, expect, it} from 'vitest';

import {ensureDefaultModel, testHome} from '../helpers/default-model.js';
import {runProgram} from '../helpers/run-program.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

const recording = fileURLToPath(new URL('../../examples/kennedy-1961.flac', import.meta.url));

interface Job {
	readonly submission: string;
	readonly status: string;
	readonly entrypoint: string;
}

/** A home that has the models and nothing else. */
async function freshHome(): Promise<string> {
	const home = await temporaryDirectory();
	await symlink(join(testHome, 'models'), join(home, 'models'));
	return home;
}

async function list<Row>(name: string, home: string): Promise<readonly Row[]> {
	const {stdout} = await runProgram(['history', name, '--format', 'json'], {env: {INFINISST_HOME: home}});
	return JSON.parse(stdout) as readonly Row[];
}

describe('what translate leaves in the history', () => {
	beforeAll(ensureDefaultModel);

	it('is a job with a task for each segment, and no text of it, on a machine that had none', async () => {
		const home = await freshHome();
		const {exitCode, stdout} = await runProgram(['translate', recording, '--to', 'same', '--quiet'], {
			env: {INFINISST_HOME: home},
		});
		expect(exitCode).toBe(0);
		const jobs = await list<Job>('jobs', home);
		expect(jobs).toMatchObject([
			{
				submission: expect.stringMatching(/^translate-/) as string,
				status: 'SUCCEEDED',
				entrypoint: `infinisst translate ${recording} --from auto --to same`,
			},
		]);
		const tasks = await list<{readonly name: string; readonly state: string; readonly type: string}>(
			'tasks',
			home,
		);
		expect(tasks.map(({name, state, type}) => `${name} ${state} ${type}`)).toEqual(
			expect.arrayContaining([`${recording} FINISHED NORMAL_TASK`, 'segment FINISHED ACTOR_TASK']),
		);
		expect(await list('logs', home)).toEqual([]);
		const [word] = /\b[a-z]{5,}\b/.exec(stdout)!;
		const found = await runProgram(['history', 'search', word], {env: {INFINISST_HOME: home}});
		expect(found.stdout).not.toContain(word);
	});

	it('has the text with --keep-text, and is nothing with --no-history', async () => {
		const home = await freshHome();
		const env = {INFINISST_HOME: home};
		const flags = ['--to', 'same', '--quiet'];
		await runProgram(['translate', recording, ...flags, '--no-history'], {env});
		expect(await runProgram(['history', 'jobs'], {env})).toMatchObject({
			stderr: expect.stringContaining('holds no session') as string,
		});
		const {stdout} = await runProgram(['translate', recording, ...flags, '--keep-text'], {env});
		const [word] = /\b[a-z]{5,}\b/.exec(stdout)!;
		const found = await runProgram(['history', 'search', word], {env});
		expect(found.stdout).toContain(word);
	});

	it('costs a warning where it cannot be written, and no word of the text', async () => {
		const home = await freshHome();
		await mkdir(join(home, 'history.db'));
		const {exitCode, stdout, stderr} = await runProgram(['translate', recording, '--to', 'same', '--quiet'], {
			env: {INFINISST_HOME: home},
		});
		expect(exitCode).toBe(0);
		expect(stdout).not.toBe('');
		expect(stderr).toMatch(
			/^infinisst: What happens in this run is not kept in the history: Cannot open [^\n]+\n$/,
		);
	});

	it('shows live speech as looks', async () => {
		const home = await freshHome();
		const {exitCode} = await runProgram(
			['translate', recording, '--live', '--speed', '100', '--to', 'same', '--quiet'],
			{env: {INFINISST_HOME: home}},
		);
		expect(exitCode).toBe(0);
		const summary = await list<{readonly name: string; readonly state: string}>('summary', home);
		expect(summary).toEqual(
			expect.arrayContaining([expect.objectContaining({name: 'look', state: 'FINISHED'}) as unknown]),
		);
	});

	it('says of a run that failed why it did', async () => {
		const home = await freshHome();
		const broken = join(home, 'broken.wav');
		await writeFile(broken, 'no recording');
		const {exitCode} = await runProgram(['translate', recording, broken, '--to', 'same', '--quiet'], {
			env: {INFINISST_HOME: home},
		});
		expect(exitCode).toBe(2);
		expect((await list<Job>('jobs', home)).map(({status}) => status)).toEqual(['FAILED']);
	});
});
