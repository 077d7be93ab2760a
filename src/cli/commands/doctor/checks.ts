import {constants} from 'node:fs';
import {access} from 'node:fs/promises';
import {createServer} from 'node:net';
import {dirname} from 'node:path';

import {execa} from 'execa';

import {RECORDERS} from '../../../core/audio/capture/recorders.js';
import {findProgram} from '../../../core/audio/find-program.js';
import {InfinisstError} from '../../../core/errors.js';
import {formatBytes} from '../../../core/models/format-bytes.js';
import {freeBytesOnDisk} from '../../../core/models/store/disk-space.js';
import {findYtDlp} from '../../../core/video/find-yt-dlp.js';
import {readYtDlpVersion} from '../../../core/video/yt-dlp-version.js';
import type {CommandContext} from '../../command-context.js';
import {resolveHomeDirectory} from '../../resolve-home-directory.js';

/** What a check needs of the machine. */
export type DoctorContext = Pick<CommandContext, 'env' | 'cwd' | 'platform' | 'signal' | 'openModelStore'>;

/** What was found. `hint` says what to do now, and is there if something is. */
export interface Finding {
	readonly isOk: boolean;
	readonly detail: string;
	readonly hint?: string;
}

export interface Check {
	readonly name: string;
	/** Nothing works without it. */
	readonly isRequired: boolean;
	/** What it throws is a finding, too. */
	readonly run: (context: DoctorContext) => Promise<Finding>;
}

/** package.json says the same. */
const OLDEST_NODE = [20, 19] as const;
/** For the default model, its graphs, and a history. */
const ROOM_BYTES = 2e9;
const DEFAULT_PORT = 8000;
const PROGRAM_TIMEOUT_MS = 10_000;

export const CHECKS: readonly Check[] = [
	{name: 'Node', isRequired: true, run: () => Promise.resolve(checkNode(process.versions.node))},
	{name: 'onnxruntime', isRequired: true, run: checkOnnxruntime},
	{name: 'SQLite', isRequired: true, run: checkSqlite},
	{name: 'model folder', isRequired: true, run: checkModelFolder},
	{name: 'default model', isRequired: false, run: checkDefaultModel},
	{name: 'disk space', isRequired: false, run: checkDiskSpace},
	{name: 'ffmpeg', isRequired: false, run: checkFfmpeg},
	{name: 'yt-dlp', isRequired: false, run: checkYtDlp},
	{name: 'recorder', isRequired: false, run: checkRecorder},
	{name: `port ${DEFAULT_PORT}`, isRequired: false, run: () => checkPort(DEFAULT_PORT)},
];

/** @param version - such as `20.19.0`. */
export function checkNode(version: string): Finding {
	const [major = 0, minor = 0] = version.split('.').map(Number);
	const [oldestMajor, oldestMinor] = OLDEST_NODE;
	const isOk = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
	const hint = `Install Node ${OLDEST_NODE.join('.')} or newer from https://nodejs.org.`;
	return {isOk, detail: version, ...(!isOk && {hint})};
}

async function checkOnnxruntime(): Promise<Finding> {
	const {env} = await import('onnxruntime-node');
	return {isOk: true, detail: env.versions.node ?? 'loads'};
}

async function checkSqlite(): Promise<Finding> {
	const {default: Database} = await import('better-sqlite3');
	const database = new Database(':memory:');
	try {
		return {isOk: true, detail: String(database.prepare('SELECT sqlite_version()').pluck().get())};
	} finally {
		database.close();
	}
}

async function checkModelFolder(context: DoctorContext): Promise<Finding> {
	const {rootDirectory} = await context.openModelStore();
	const place = await existingFolder(rootDirectory);
	try {
		await access(place, constants.W_OK);
		return {isOk: true, detail: rootDirectory};
	} catch {
		return {
			isOk: false,
			detail: `${place} may not be written to`,
			hint: 'Set INFINISST_HOME to a folder of your own.',
		};
	}
}

async function checkDefaultModel({openModelStore}: DoctorContext): Promise<Finding> {
	const store = await openModelStore();
	const name = store.catalogue.defaultModel;
	if ((await store.find(name)) !== undefined) return {isOk: true, detail: name};
	return {isOk: false, detail: `${name} is not installed`, hint: `Run "infinisst models pull ${name}".`};
}

async function checkDiskSpace(context: DoctorContext): Promise<Finding> {
	const place = await existingFolder(resolveHomeDirectory(context));
	const free = await freeBytesOnDisk(place);
	const detail = `${formatBytes(free)} free at ${place}`;
	if (free >= ROOM_BYTES) return {isOk: true, detail};
	const hint = `Models need about ${formatBytes(ROOM_BYTES)}: free some, or set INFINISST_HOME to a folder on a larger disk.`;
	return {isOk: false, detail, hint};
}

async function checkFfmpeg({env, signal}: DoctorContext): Promise<Finding> {
	const hint = 'Install it (apt install ffmpeg, brew install ffmpeg): rarer formats and videos need it.';
	const path = await findProgram('ffmpeg', env);
	if (path === undefined) return {isOk: false, detail: 'not installed', hint};
	const {stdout, failed} = await execa(path, ['-version'], {
		reject: false,
		stdin: 'ignore',
		timeout: PROGRAM_TIMEOUT_MS,
		cancelSignal: signal,
	});
	signal.throwIfAborted();
	if (failed) return {isOk: false, detail: `${path} does not run`, hint};
	return {isOk: true, detail: `${/^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? 'runs'} at ${path}`};
}

async function checkYtDlp({env, signal}: DoctorContext): Promise<Finding> {
	const path = await findYtDlp(env);
	const version = await readYtDlpVersion(path, signal);
	if (version !== undefined) return {isOk: true, detail: `${version} at ${path}`};
	const hint = 'Install it anew with "pipx install --force yt-dlp", or name another in INFINISST_YT_DLP.';
	return {isOk: false, detail: `${path} does not run`, hint};
}

async function checkRecorder({env, platform}: DoctorContext): Promise<Finding> {
	const programs = new Set(
		RECORDERS.filter(recorder => recorder.platform === platform).map(({program}) => program),
	);
	for (const program of programs) {
		const path = await findProgram(program, env);
		if (path !== undefined) return {isOk: true, detail: path};
	}
	return {
		isOk: false,
		detail: 'no program that can record',
		hint: `The microphone needs one of: ${[...programs].join(', ')}.`,
	};
}

/** Whether a server could take its usual place. */
export async function checkPort(port: number): Promise<Finding> {
	const server = createServer();
	const fault = await new Promise<NodeJS.ErrnoException | undefined>(resolve => {
		server.once('error', resolve);
		server.listen(port, '127.0.0.1', () => resolve(undefined));
	});
	if (fault === undefined) {
		await new Promise(resolve => server.close(resolve));
		return {isOk: true, detail: 'free'};
	}
	return {
		isOk: false,
		detail: fault.code === 'EADDRINUSE' ? 'in use' : fault.message,
		hint: 'If it is not a server of yours, start one with --port and another number.',
	};
}

/** The finding that a thrown error is. */
export function findingOf(error: unknown): Finding {
	if (InfinisstError.is(error)) {
		return {isOk: false, detail: error.message, ...(error.hint !== undefined && {hint: error.hint})};
	}
	const message = error instanceof Error ? error.message : String(error);
	const detail = message.split('\n')[0] ?? '';
	return {isOk: false, detail, hint: 'Install infinisst anew: a part of it does not load on this machine.'};
}

/** The folder itself, or the nearest above it that is there. */
async function existingFolder(path: string): Promise<string> {
	try {
		await access(path);
		return path;
	} catch {
		const parent = dirname(path);
		return parent === path ? path : existingFolder(parent);
	}
}
