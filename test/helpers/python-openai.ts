import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {mkdtemp, rename, rm} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {describe} from 'vitest';
import {findPip} from '../../src/core/models/sources/pip.js';
import {testHome} from './default-model.js';
import {skipSuite} from './requirements.js';

/** The official client, with what it needs for sockets. */
const REQUIREMENT = 'openai[realtime]==3.54.0';

const run = promisify(execFile);
const pip = await findPip(process.env);

/** A suite that needs Python, and pip to fetch the official client; skipped, with the reason, where they are not there. */
export function describeWithPython(title: string, body: () => void): void {
	if (pip === undefined) skipSuite(title, 'Python with pip');
	else describe(title, body);
}

/** Runs a script with the official Python client. @returns what it prints, which must be JSON. */
export async function runPython(script: string, ...args: readonly string[]): Promise<unknown> {
	const python = await ensurePython();
	const {stdout} = await run(python, ['-c', script, ...args], {maxBuffer: 16 * 1024 * 1024});
	return JSON.parse(stdout);
}

/** Kept from run to run. @returns the interpreter. */
async function ensurePython(): Promise<string> {
	const folder = join(testHome, `python-${REQUIREMENT.replaceAll(/[^\w.]+/g, '-')}`);
	const interpreter = join(folder, 'bin', 'python');
	if (existsSync(join(folder, 'ready'))) return interpreter;
	await rm(folder, {recursive: true, force: true});
	await run('python3', ['-m', 'venv', folder]);
	await run(interpreter, ['-m', 'pip', 'install', '--quiet', REQUIREMENT], {maxBuffer: 16 * 1024 * 1024});
	// An installation that broke off is done again.
	const marker = await mkdtemp(join(dirname(folder), 'python-ready-'));
	await rename(marker, join(folder, 'ready'));
	return interpreter;
}
