import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {readDevSet} from '../kit/dev-set.js';
import {readSamples} from '../kit/read-samples.js';
import {quantile} from '../kit/statistics.js';
import {closeSockets, delay, openSession, readMessage} from '../server/bench-socket.js';

const BLOCK_SAMPLES = 1600;
const BLOCK_MS = 100;
const READY_SECONDS = 120;
/** Of Linux, on all its machines: what the times of a process are counted in. */
const TICKS_PER_SECOND = 100;

export interface SpeakerFigures {
	/** Of one core: the server's process with its threads, and all of the program. */
	readonly serverCpuShare: number;
	readonly programCpuShare: number;
	/** From a sample's coming to its text being final, as the engine tells it. */
	readonly lagP50Ms: number;
	readonly lagP95Ms: number;
	/** How late the server's event loop was, at p99. */
	readonly eventLoopP99Ms: number;
	readonly finals: number;
}

/** Real speakers at `infinisst serve`, for so long. @param flags - behind `serve`. */
export async function measureSpeakers(
	flags: readonly string[],
	sessions: number,
	seconds: number,
): Promise<SpeakerFigures> {
	const long = (await readDevSet()).filter(clip => clip.seconds >= 8);
	const recordings = await Promise.all(
		Array.from({length: sessions}, (_, index) => readSamples(long[index % long.length]!.path)),
	);
	const folder = await mkdtemp(join(tmpdir(), 'infinisst-bench-'));
	const program = fileURLToPath(new URL('../../bin/infinisst.js', import.meta.url));
	const child = spawn(
		process.execPath,
		[
			...[program, 'serve', '--port', '0', '--json', '--log-level', 'warn'],
			...['--db', join(folder, 'history.db'), ...flags],
		],
		{stdio: ['ignore', 'pipe', 'inherit']},
	);
	const exited = once(child, 'exit');
	try {
		const [line] = (await once(createInterface({input: child.stdout}), 'line')) as [string];
		const {url} = JSON.parse(line) as {url: string};
		await untilReady(url);
		const lags: number[] = [];
		let finals = 0;
		const sockets = await Promise.all(
			recordings.map(async () => {
				const {socket} = await openSession(
					url.replace('http', 'ws'),
					'source=auto&target=same&latency_multiplier=1',
				);
				socket.on('message', (data: Buffer) => {
					const message = readMessage(data);
					if (message.type === 'final') finals++;
					if (message.type === 'lag') lags.push(message.lag_ms);
				});
				return socket;
			}),
		);
		await readLateness(url);
		const before = await readCpu(child.pid!);
		const startMs = performance.now();
		for (let block = 0; performance.now() - startMs < seconds * 1000; block++) {
			for (const [index, socket] of sockets.entries()) {
				const samples = recordings[index]!;
				// Each is at another place, so that pauses do not meet.
				const first = ((block + index * 7) * BLOCK_SAMPLES) % (samples.length - BLOCK_SAMPLES);
				socket.send(samples.subarray(first, first + BLOCK_SAMPLES));
			}
			await delay(Math.max(0, startMs + (block + 1) * BLOCK_MS - performance.now()));
		}
		const elapsedSeconds = (performance.now() - startMs) / 1000;
		const after = await readCpu(child.pid!);
		const eventLoopP99Ms = await readLateness(url);
		await closeSockets(sockets);
		return {
			serverCpuShare: (after.server - before.server) / elapsedSeconds,
			programCpuShare: (after.program - before.program) / elapsedSeconds,
			lagP50Ms: quantile(lags, 0.5),
			lagP95Ms: quantile(lags, 0.95),
			eventLoopP99Ms,
			finals,
		};
	} finally {
		child.kill('SIGTERM');
		const cancel = setTimeout(() => child.kill('SIGKILL'), 10_000);
		await exited;
		clearTimeout(cancel);
		await rm(folder, {recursive: true, force: true});
	}
}

async function untilReady(url: string): Promise<void> {
	for (let second = 0; second < READY_SECONDS; second++) {
		if ((await fetch(`${url}/readyz`)).ok) return;
		await delay(1000);
	}
	throw new Error('The model was not loaded in time.');
}

/** Since it was read last. */
async function readLateness(url: string): Promise<number> {
	const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n');
	const line = lines.find(text => text.startsWith('nodejs_eventloop_lag_p99_seconds '));
	return Number(line?.split(' ')[1]) * 1000;
}

/** Processor seconds of a process, and of it with its children. */
async function readCpu(pid: number): Promise<{readonly server: number; readonly program: number}> {
	const tasks = await readdir(`/proc/${pid}/task`);
	const children = await Promise.all(
		tasks.map(async task => (await readFile(`/proc/${pid}/task/${task}/children`, 'utf8')).split(' ')),
	);
	const server = await readOwnCpu(String(pid));
	const others = await Promise.all(
		children
			.flat()
			.filter(child => child.trim() !== '')
			.map(readOwnCpu),
	);
	return {server, program: others.reduce((sum, seconds) => sum + seconds, server)};
}

/** utime and stime, the 12th and 13th field after the name (proc(5)). */
async function readOwnCpu(pid: string): Promise<number> {
	const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
