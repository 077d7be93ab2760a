import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {ensurePython} from './python-environment.js';

/** The official client, with what it needs for sockets. */
const REQUIREMENT = 'openai[realtime]==3.54.0';

const run = promisify(execFile);

/** Runs a script with the official Python client. @returns what it prints, which must be JSON. */
export async function runPython(script: string, ...args: readonly string[]): Promise<unknown> {
	const python = join(await ensurePython(REQUIREMENT), 'python');
	const {stdout} = await run(python, ['-c', script, ...args], {maxBuffer: 16 * 1024 * 1024});
	return JSON.parse(stdout);
}
