import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';

import {InfinisstError} from '../../../core/errors.js';

/** The program that is started: ours, as it was built. */
const PROGRAM = fileURLToPath(new URL('../../../../bin/infinisst.js', import.meta.url));

/** Places of the server: few, so that checks of a full one are quick, but as many as any check needs at once. */
const PLACES = 8;

/** How long it may take to end what runs, before it is killed. */
const END_MS = 10_000;

/** Lines of its log that are shown if it does not come up. */
const SHOWN_LINES = 5;

export interface OwnServer {
	readonly url: URL;
	/** A file that its `GET /test_video/` has. */
	readonly testVideo: string;
	close(): Promise<void>;
}

export interface OwnServerOptions {
	readonly env: Readonly<Record<string, string | undefined>>;
	/** Removes sessions that were left for so long. @default as the server does */
	readonly idleMs: number | undefined;
	/** Fires to give up. */
	readonly signal: AbortSignal;
}

/**
 * Starts `infinisst serve` on a free port, in a process of its own, as a user would.
 *
 * @throws {InfinisstError} `PEER_UNREACHABLE` if it does not come up, with what it said; `signal.reason`.
 */
export async function openOwnServer({env, idleMs, signal}: OwnServerOptions): Promise<OwnServer> {
	const folder = await mkdtemp(join(tmpdir(), 'infinisst-compat-'));
	const testVideo = 'compat.mp4';
	await writeFile(join(folder, testVideo), 'not a video, but long enough for a range');
	const child = spawn(
		process.execPath,
		[
			...[PROGRAM, 'serve', '--json', '--host', '127.0.0.1', '--port', '0'],
			...['--max-sessions', String(PLACES), '--max-queued', String(PLACES)],
			...[
				'--video-dir',
				folder,
				'--results-dir',
				join(folder, 'results'),
				'--db',
				join(folder, 'history.db'),
			],
			...['--log-level', 'warn', '--drain-timeout', '1000'],
			...['--set', 'limits.sessionsPerKey=1000', '--set', 'limits.requestsPerSecond=0'],
			...(idleMs === undefined ? [] : ['--set', `limits.orphanMs=${idleMs}`]),
		],
		{cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe']},
	);
	const ended = once(child, 'close');
	const close = async (): Promise<void> => {
		await endProcess(child, ended);
		await rm(folder, {recursive: true, force: true});
	};
	try {
		return {url: await readAddress(child, signal), testVideo, close};
	} catch (error) {
		await close();
		throw error;
	}
}

async function readAddress(child: ChildProcess, signal: AbortSignal): Promise<URL> {
	const log: string[] = [];
	createInterface({input: child.stderr!}).on('line', line => {
		log.push(line);
		if (log.length > SHOWN_LINES) log.shift();
	});
	const lines = createInterface({input: child.stdout!});
	const ended = once(child, 'close').then(() => undefined);
	const first = once(lines, 'line', {signal}).then(([line]) => line as string);
	// One of the two is left over.
	first.catch(() => undefined);
	const line = await Promise.race([first, ended]).catch((error: unknown) => {
		signal.throwIfAborted();
		throw error;
	});
	if (line !== undefined) return new URL((JSON.parse(line) as {url: string}).url);
	throw new InfinisstError('PEER_UNREACHABLE', `Our own server did not start: ${log.join(' ')}`, {
		hint: 'Start "infinisst serve" to see why, or give the address of a server that runs.',
	});
}

async function endProcess(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	child.kill('SIGTERM');
	const timer = setTimeout(() => void child.kill('SIGKILL'), END_MS);
	await ended;
	clearTimeout(timer);
}
