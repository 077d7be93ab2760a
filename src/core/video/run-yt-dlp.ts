import {createInterface} from 'node:readline';
import type {Readable} from 'node:stream';

import {execa, type Options} from 'execa';

import {InfinisstError} from '../errors.js';
import {formatBytes} from '../models/format-bytes.js';
import {YT_DLP_INSTALLATION} from './find-yt-dlp.js';

/** How much of a video has come. */
export interface VideoProgress {
	readonly receivedBytes: number;
	/** Of the part that is fetched now: picture and sound may come one after the other. Undefined where nobody knows. */
	readonly totalBytes: number | undefined;
}

export interface YtDlpRun {
	/** Of the program. */
	readonly path: string;
	/** http or https. */
	readonly url: string;
	/** What of the video, where it goes and through what; see yt-dlp's manual. */
	readonly flags: readonly string[];
	/** All that the program knows of the environment. */
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** Larger videos are not begun, if their size is known. */
	readonly maxBytes?: number;
	readonly onProgress?: (progress: VideoProgress) => void;
	readonly signal: AbortSignal;
}

/** Marks of the lines that we asked for, among what else it may print. */
const PROGRESS = 'infinisst-progress ';
const FILE = 'infinisst-file ';

/** The same for every run: what people have set for themselves does not count here. */
const FIXED_FLAGS: readonly string[] = [
	...['--ignore-config', '--no-plugin-dirs', '--no-playlist', '--no-cache-dir', '--no-mtime', '--no-color'],
	...['--quiet', '--no-warnings', '--newline', '--progress', '--progress-delta', '0.25'],
	// The parts of a video that failed are its end, or missing from the middle: neither is a video.
	...['--retries', '3', '--fragment-retries', '3', '--abort-on-unavailable-fragments', '--no-simulate'],
	...[
		'--progress-template',
		`download:${PROGRESS}%(progress.{downloaded_bytes,total_bytes,total_bytes_estimate})j`,
	],
	...['--print', `after_move:${FILE}%(filepath)j`],
];

/** Kept of what it says when it fails. */
const MAX_FAULT_CHARACTERS = 300;

/**
 * Fetches one video with the program yt-dlp. It is started without a shell, and the address is never taken for a flag.
 *
 * @returns where the file is.
 * @throws {InfinisstError} `PROGRAM_MISSING` if it cannot be started; `LIMIT_EXCEEDED`; `INPUT_UNREADABLE` with its own
 * reason if it fails.
 * @throws `signal.reason`, after the program and all that it started are gone.
 */
export async function runYtDlp({
	path,
	url,
	flags,
	environment,
	maxBytes,
	onProgress,
	signal,
}: YtDlpRun): Promise<string> {
	signal.throwIfAborted();
	const limits = maxBytes === undefined ? [] : ['--max-filesize', String(maxBytes)];
	// A group of its own: ending it ends what it has started (ffmpeg), too.
	const isGroup = process.platform !== 'win32';
	const options = {
		env: {...environment},
		extendEnv: false,
		detached: isGroup,
		stdin: 'ignore',
		buffer: false,
		reject: false,
		windowsHide: true,
	} as const satisfies Options;
	const program = execa(path, [...FIXED_FLAGS, ...limits, ...flags, '--', url], options);
	// Nothing that it could still write is of use.
	const end = (): void => {
		if (!isGroup || program.pid === undefined) {
			program.kill('SIGKILL');
			return;
		}
		try {
			process.kill(-program.pid, 'SIGKILL');
		} catch {
			// It has ended by itself.
		}
	};
	let file: string | undefined;
	let fault: string | undefined;
	let lastWords: string | undefined;
	signal.addEventListener('abort', end, {once: true});
	process.once('exit', end);
	try {
		const [result] = await Promise.all([
			program,
			readLines(program.stdout, line => {
				if (line.startsWith(PROGRESS)) onProgress?.(parseProgress(line.slice(PROGRESS.length)));
				else if (line.startsWith(FILE)) file = JSON.parse(line.slice(FILE.length)) as string;
			}),
			readLines(program.stderr, line => {
				if (line.startsWith('ERROR:')) fault = line.slice('ERROR:'.length).trim();
				else if (line.trim() !== '') lastWords = line.trim();
			}),
		]);
		signal.throwIfAborted();
		if (result.exitCode === undefined && result.signal === undefined) {
			throw new InfinisstError('PROGRAM_MISSING', `yt-dlp cannot be started at ${path}`, {
				hint: YT_DLP_INSTALLATION,
				cause: result.cause,
			});
		}
		if (result.exitCode === 0 && file !== undefined) return file;
		// What it leaves out on purpose is no failure to it.
		if (result.exitCode === 0 && maxBytes !== undefined) throw tooLarge(maxBytes);
		throw new InfinisstError(
			'INPUT_UNREADABLE',
			`The video cannot be fetched: ${describeFault(fault ?? lastWords)}`,
			{
				hint: 'Check that the address plays in a browser, and that yt-dlp is of this year: sites change often.',
			},
		);
	} finally {
		signal.removeEventListener('abort', end);
		process.off('exit', end);
	}
}

/** The error for a video that is larger than was allowed. */
export function tooLarge(maxBytes: number): InfinisstError {
	return new InfinisstError('LIMIT_EXCEEDED', `The video is larger than ${formatBytes(maxBytes)}`, {
		hint: 'Take a shorter one.',
	});
}

async function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
	// A process that could not be started has broken streams.
	stream.on('error', () => undefined);
	for await (const line of createInterface({input: stream})) onLine(line);
}

function parseProgress(text: string): VideoProgress {
	const {downloaded_bytes, total_bytes, total_bytes_estimate} = JSON.parse(text) as {
		readonly downloaded_bytes?: number | null;
		readonly total_bytes?: number | null;
		readonly total_bytes_estimate?: number | null;
	};
	return {
		receivedBytes: downloaded_bytes ?? 0,
		totalBytes: total_bytes ?? total_bytes_estimate ?? undefined,
	};
}

/** Without what is meant for the authors of yt-dlp. */
function describeFault(fault: string | undefined): string {
	if (fault === undefined) return 'yt-dlp does not say why';
	const said = fault.replace(/[;.] please report this issue.*$/i, '').replaceAll(/\s+/g, ' ');
	return said.length > MAX_FAULT_CHARACTERS ? `${said.slice(0, MAX_FAULT_CHARACTERS)}…` : said;
}
