import {spawn} from 'node:child_process';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';

const MEASURE = fileURLToPath(new URL('measure-process.py', import.meta.url));

export interface Command {
	readonly program: string;
	readonly args: readonly string[];
	readonly env?: Readonly<Record<string, string>>;
}

/** A line the program printed, and when it arrived here. */
export interface TimedLine {
	readonly text: string;
	/** Since the program was started. */
	readonly atMs: number;
}

export interface ProcessCost {
	/** From the start of the program to its end. */
	readonly wallMs: number;
	/** Processor time in the program, of all threads. */
	readonly userMs: number;
	/** Processor time in the system on its behalf. */
	readonly systemMs: number;
	/** The most memory it held at once; of several processes, the largest one's. */
	readonly peakResidentBytes: number;
}

export interface MeasuredProcess extends ProcessCost {
	readonly lines: readonly TimedLine[];
}

/**
 * Runs a program to its end and measures it. Needs `python3`.
 *
 * @throws Error with the end of its standard error when it fails.
 */
export async function measureProcess({program, args, env}: Command): Promise<MeasuredProcess> {
	const folder = await mkdtemp(join(tmpdir(), 'infinisst-bench-'));
	try {
		const report = join(folder, 'cost.json');
		const child = spawn('python3', [MEASURE, report, program, ...args], {
			stdio: ['ignore', 'pipe', 'pipe'],
			env: {...process.env, ...env},
		});
		const ended = new Promise<void>((resolve, reject) => {
			child.once('error', reject);
			child.once('close', () => {
				resolve();
			});
		});
		const printed: {text: string; at: number}[] = [];
		createInterface({input: child.stdout}).on('line', text => {
			printed.push({text, at: performance.timeOrigin + performance.now()});
		});
		let complaints = '';
		child.stderr.setEncoding('utf8').on('data', (piece: string) => {
			complaints = (complaints + piece).slice(-4000);
		});
		await ended;
		const cost = await readCost(report).catch(() => undefined);
		if (cost?.exitCode !== 0) {
			throw new Error(
				`${[program, ...args].join(' ').slice(0, 400)} ended with ${cost?.exitCode ?? 'no report'}:\n${complaints}`,
			);
		}
		return {
			wallMs: cost.wallMs,
			userMs: cost.userMs,
			systemMs: cost.systemMs,
			peakResidentBytes: cost.peakResidentBytes,
			lines: printed.map(({text, at}) => ({text, atMs: at - cost.startedAtMs})),
		};
	} finally {
		await rm(folder, {recursive: true, force: true});
	}
}

async function readCost(report: string): Promise<ProcessCost & {exitCode: number; startedAtMs: number}> {
	return JSON.parse(await readFile(report, 'utf8')) as ProcessCost & {exitCode: number; startedAtMs: number};
}
