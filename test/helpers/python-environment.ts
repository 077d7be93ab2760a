import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {mkdtemp, rename, rm} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {describe} from 'vitest';
import {findPip} from '../../src/core/models/sources/pip.js';
import {testHome} from './default-model.js';
import {skipSuite} from './requirements.js';

const run = promisify(execFile);
const pip = await findPip(process.env);

/** A suite that needs Python, and pip to fetch what it runs; skipped, with the reason, where they are not there. */
export function describeWithPython(title: string, body: () => void): void {
	if (pip === undefined) skipSuite(title, 'Python with pip');
	else describe(title, body);
}

/** A virtual environment with a package, kept from run to run. @returns its folder of programs. */
export async function ensurePython(requirement: string): Promise<string> {
	const folder = join(testHome, `python-${requirement.replaceAll(/[^\w.]+/g, '-')}`);
	const programs = join(folder, 'bin');
	if (existsSync(join(folder, 'ready'))) return programs;
	await rm(folder, {recursive: true, force: true});
	await run('python3', ['-m', 'venv', folder]);
	const install = ['-m', 'pip', 'install', '--quiet', requirement];
	await run(join(programs, 'python'), install, {maxBuffer: 16 * 1024 * 1024});
	// An installation that broke off is done again.
	const marker = await mkdtemp(join(dirname(folder), 'python-ready-'));
	await rename(marker, join(folder, 'ready'));
	return programs;
}
