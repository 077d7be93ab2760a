import {spawn, type ChildProcessWithoutNullStreams} from 'node:child_process';
import {once} from 'node:events';
import {text} from 'node:stream/consumers';
import {fileURLToPath} from 'node:url';
import {onTestFinished} from 'vitest';

import {testHome} from './default-model.js';

export const programPath = fileURLToPath(new URL('../../bin/infinisst.js', import.meta.url));

export interface ProgramOptions {
	readonly cwd?: string;
	readonly env?: Record<string, string>;
	/** Sent to its standard input, which is then closed. */
	readonly input?: Uint8Array | string;
}

export interface ProgramResult {
	/** Null if a signal ended it. */
	readonly exitCode: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** Starts `bin/infinisst.js` as it was built; killed at the latest when the test has finished. */
export function startProgram(
	parameters: readonly string[],
	{cwd, env, input}: ProgramOptions = {},
): ChildProcessWithoutNullStreams {
	const child = spawn(process.execPath, [programPath, ...parameters], {
		cwd,
		env: {...process.env, INFINISST_HOME: testHome, ...env},
	});
	onTestFinished(() => void child.kill('SIGKILL'));
	// A program that ends before it has read everything is none of the test's faults.
	child.stdin.on('error', () => undefined);
	child.stdin.end(input);
	return child;
}

/** Runs `bin/infinisst.js` to its end. */
export async function runProgram(
	parameters: readonly string[],
	options: ProgramOptions = {},
): Promise<ProgramResult> {
	const child = startProgram(parameters, options);
	const [stdout, stderr, [exitCode]] = await Promise.all([
		text(child.stdout),
		text(child.stderr),
		once(child, 'close') as Promise<[number | null]>,
	]);
	return {exitCode, stdout, stderr};
}
