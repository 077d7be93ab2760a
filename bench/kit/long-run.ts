import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {text} from 'node:stream/consumers';
import {promisify} from 'node:util';
import {loopSpeech} from './looped-speech.js';

const execute = promisify(execFile);

export interface MemorySample {
	/** Of the recording, that is done. */
	readonly audioMs: number;
	/** Since the program was started. */
	readonly wallMs: number;
	/** Memory the program holds, its threads and native libraries included. */
	readonly residentBytes: number;
}

export interface LongRun {
	readonly audioMs: number;
	readonly wallMs: number;
	readonly segments: number;
	/** At least `sampleEveryMs` of audio apart. */
	readonly memory: readonly MemorySample[];
}

export interface LongRunOptions {
	/** Path of `bin/infinisst.js`. */
	readonly program: string;
	/** Recordings to repeat. */
	readonly paths: readonly string[];
	readonly minutes: number;
	/** Of audio, between two looks at the memory. @default 30000 */
	readonly sampleEveryMs?: number;
	/** Further options of `infinisst translate`. */
	readonly parameters?: readonly string[];
	/** Beside the environment of this process. */
	readonly env?: Readonly<Record<string, string>>;
}

interface RunEvent {
	readonly type: string;
	readonly processedMs?: number;
	readonly audioMs?: number;
	readonly segments?: number;
}

/**
 * Has the built program transcribe a long recording that comes through a pipe no faster than it is read, and
 * watches its memory. Needs `ps`.
 *
 * @throws Error with its standard error when the program fails.
 */
export async function runLong({
	program,
	paths,
	minutes,
	sampleEveryMs = 30_000,
	parameters = [],
	env,
}: LongRunOptions): Promise<LongRun> {
	const startedMs = performance.now();
	const child = spawn(
		process.execPath,
		[program, 'translate', '-', '--no-live', '--to', 'same', '--json', '--quiet', ...parameters],
		{env: {...process.env, ...env}},
	);
	const closed = once(child, 'close') as Promise<[number | null]>;
	const complaints = text(child.stderr);
	// A program that fails stops reading; what it says about it is reported below.
	const fed = pipeline(Readable.from(loopSpeech(paths, minutes)), child.stdin).catch(() => undefined);
	const memory: MemorySample[] = [];
	let last: RunEvent | undefined;
	try {
		for await (const line of createInterface({input: child.stdout})) {
			const event = JSON.parse(line) as RunEvent;
			if (event.type === 'file-ended') last = event;
			const audioMs = event.processedMs;
			if (audioMs === undefined || audioMs < (memory.at(-1)?.audioMs ?? 0) + sampleEveryMs) continue;
			// After its last progress the program gives its memory back.
			if (audioMs > minutes * 60_000 - sampleEveryMs) continue;
			const wallMs = performance.now() - startedMs;
			memory.push({audioMs, wallMs, residentBytes: await residentBytesOf(child.pid!)});
		}
		await fed;
		const [exitCode] = await closed;
		if (exitCode !== 0 || last === undefined) {
			throw new Error(`The program ended with ${exitCode}: ${await complaints}`);
		}
		return {
			audioMs: last.audioMs!,
			wallMs: performance.now() - startedMs,
			segments: last.segments!,
			memory,
		};
	} finally {
		child.kill('SIGKILL');
	}
}

async function residentBytesOf(pid: number): Promise<number> {
	const {stdout} = await execute('ps', ['-o', 'rss=', '-p', String(pid)]);
	return Number(stdout) * 1024;
}
