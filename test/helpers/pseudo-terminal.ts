import {spawn} from 'node:child_process';
import {once} from 'node:events';
import type {Duplex, Readable, Writable} from 'node:stream';
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
	/** What is started, before its parameters. @default Node with `bin/infinisst.js` */
	readonly program?: readonly string[];
	/** @default 24 and 80 */
	readonly rows?: number;
	readonly columns?: number;
	/** Called whenever something was drawn, with what can be seen. */
	readonly onScreen?: (screen: string) => void;
}

export interface TerminalSession {
	/** As if typed; `\u0003` is Ctrl-C. */
	type(keys: string): void;
	/** As if somebody pulled at the window. */
	resize(rows: number, columns: number): Promise<void>;
	/**
	 * Resolves with what the window shows, lines without the spaces at their ends, once it is as wanted.
	 *
	 * @throws if the program ends before, or it is never so.
	 */
	waitFor(isWanted: (visible: string) => boolean): Promise<string>;
	/** Everything that was on the screen when the program had ended, scrolled-off lines too. */
	readonly ended: Promise<{readonly exitCode: number; readonly screen: string}>;
}

/** Starts `bin/infinisst.js` in a terminal of 24 lines and 80 columns, and reads what is left on its screen. */
export function openTerminal(parameters: readonly string[], options: TerminalOptions = {}): TerminalSession {
	const {rows = 24, columns = 80, program = [process.execPath, programPath]} = options;
	const screen = new Terminal({rows, cols: columns, allowProposedApi: true});
	const watchers = new Set<() => void>();
	const child = spawn(
		python!,
		[
			fileURLToPath(new URL('pseudo-terminal.py', import.meta.url)),
			...[String(rows), String(columns), options.stdoutPath ?? '-'],
			...[...program, ...parameters],
		],
		{
			stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
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
	const [stdin, stdout, stderr, orders] = child.stdio as unknown as [Writable, Readable, Readable, Duplex];
	stderr.pipe(process.stderr);
	stdout.on('data', (bytes: Buffer) => {
		screen.write(bytes, () => {
			options.onScreen?.(readScreen(screen));
			for (const watch of watchers) watch();
		});
	});
	const ended = (async () => {
		const [exitCode] = (await once(child, 'close')) as [number];
		// Writing nothing waits for what was written before.
		await new Promise<void>(resolve => screen.write('', resolve));
		return {exitCode, screen: readScreen(screen)};
	})();
	return {
		ended,
		type: keys => void stdin.write(keys),
		async resize(newRows, newColumns) {
			// To a real terminal both happen at once: nothing is read in between.
			stdout.pause();
			await new Promise<void>(resolve => screen.write('', resolve));
			orders.write(`${newRows} ${newColumns}\n`);
			await once(orders, 'data');
			screen.resize(newColumns, newRows);
			stdout.resume();
		},
		waitFor: isWanted =>
			new Promise((resolve, reject) => {
				const watch = (): void => {
					const visible = readVisible(screen);
					if (!isWanted(visible)) return;
					watchers.delete(watch);
					clearTimeout(timer);
					resolve(visible);
				};
				const give = (reason: string) => (): void => {
					watchers.delete(watch);
					clearTimeout(timer);
					reject(new Error(`${reason}; the screen is:\n${readVisible(screen)}`));
				};
				const timer = setTimeout(give('It never was as wanted'), WAIT_MS);
				watchers.add(watch);
				void ended.then(give('The program has ended'));
				watch();
			}),
	};
}

const WAIT_MS = 20_000;

/** A program that knows that nobody watches draws nothing. */
function withoutContinuousIntegration(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	return Object.fromEntries(
		Object.entries(env).filter(([name]) => !/^(CI$|CI_|CONTINUOUS_INTEGRATION$)/.test(name)),
	);
}

/** What the window shows, row by row. */
function readVisible({buffer, rows}: Terminal): string {
	const {active} = buffer;
	return Array.from({length: rows}, (_, row) => active.getLine(active.baseY + row)!.translateToString(true))
		.join('\n')
		.trimEnd();
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
