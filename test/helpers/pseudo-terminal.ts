import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import {Terminal} from '@xterm/headless';
import {describe, onTestFinished} from 'vitest';

import {findProgram} from '../../src/core/audio/find-program.js';
import {testHome} from './default-model.js';
import {skipSuite} from './requirements.js';
import {programPath} from './run-program.js';

const python = await findProgram('python3', process.env);

/** A suite that needs a terminal, which Python provides; skipped, with the reason in its title, without it. */
export function describeWithTerminal(title: string, body: () => void): void {
	if (python === undefined) skipSuite(title, 'python3');
	else describe(title, body);
}

export interface TerminalOptions {
	readonly cwd?: string;
	readonly env?: Record<string, string>;
	/** File for the program's standard output. @default the terminal */
	readonly stdoutPath?: string;
	/** Called whenever something was drawn, with what can be seen. */
	readonly onScreen?: (screen: string) => void;
}

export interface TerminalSession {
	/** As if typed; `\u0003` is Ctrl-C. */
	type(keys: string): void;
	/** Everything that was on the screen when the program had ended, scrolled-off lines too. */
	readonly ended: Promise<{readonly exitCode: number; readonly screen: string}>;
}

/** Starts `bin/infinisst.js` in a terminal of 24 lines and 80 columns, and reads what is left on its screen. */
export function openTerminal(parameters: readonly string[], options: TerminalOptions = {}): TerminalSession {
	const screen = new Terminal({rows: 24, cols: 80, allowProposedApi: true});
	const child = spawn(
		python!,
		[
			fileURLToPath(new URL('pseudo-terminal.py', import.meta.url)),
			...['24', '80', options.stdoutPath ?? '-'],
			...[process.execPath, programPath, ...parameters],
		],
		{
			cwd: options.cwd,
			env: {
				...withoutContinuousIntegration(process.env),
				INFINISST_HOME: testHome,
				TERM: 'xterm-256color',
				...options.env,
			},
		},
	);
	onTestFinished(() => void child.kill('SIGKILL'));
	child.stderr.pipe(process.stderr);
	child.stdout.on('data', (bytes: Buffer) => {
		screen.write(bytes, () => options.onScreen?.(readScreen(screen)));
	});
	const ended = (async () => {
		const [exitCode] = (await once(child, 'close')) as [number];
		// Writing nothing waits for what was written before.
		await new Promise<void>(resolve => screen.write('', resolve));
		return {exitCode, screen: readScreen(screen)};
	})();
	return {type: keys => void child.stdin.write(keys), ended};
}

/** A program that knows that nobody watches draws nothing. */
function withoutContinuousIntegration(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	return Object.fromEntries(
		Object.entries(env).filter(([name]) => !/^(CI$|CI_|CONTINUOUS_INTEGRATION$)/.test(name)),
	);
}

/** Lines as the program wrote them: one that the screen wrapped is one line. */
function readScreen({buffer}: Terminal): string {
	let text = '';
	for (let index = 0; index < buffer.active.length; index++) {
		const line = buffer.active.getLine(index)!;
		const isContinued = buffer.active.getLine(index + 1)?.isWrapped ?? false;
		// A wrapped line is full: its spaces at the end are its own.
		text += isContinued ? line.translateToString(false) : `${line.translateToString(true)}\n`;
	}

	return text.trimEnd();
}
