import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {readDevSet} from '../kit/dev-set.js';
import {readSamples} from '../kit/read-samples.js';
import {closeSockets, delay, openSession, readMessage} from './bench-socket.js';
import {startProgram} from './server-process.js';

/** prom-client looks at the event loop so often, and counts this time in. */
const INTERVAL_MS = 10;
const BLOCK_SAMPLES = 1600;
const BLOCK_MS = 100;
const READY_SECONDS = 120;

export interface EventLoopFigures {
	readonly sessions: number;
	readonly seconds: number;
	readonly p50Ms: number;
	readonly p99Ms: number;
	readonly maxMs: number;
	/** Sessions that said something final meanwhile. */
	readonly speaking: number;
	/** Of the server's process alone, of one core. */
	readonly serverCpuShare: number;
}

/** How late the server's event loop is while real sessions are translated in its child processes. History is on. */
export async function measureEventLoop(sessions: number, seconds: number): Promise<EventLoopFigures> {
	const clips = await readDevSet();
	const long = clips.filter(clip => clip.seconds >= 8);
	const recordings = await Promise.all(
		Array.from({length: sessions}, (_, index) => readSamples(long[index % long.length]!.path)),
	);
	const folder = await mkdtemp(join(tmpdir(), 'infinisst-bench-'));
	const server = await startProgram('--log-level', 'warn', '--db', join(folder, 'history.db'));
	try {
		await untilReady(server.url);
		const speaking = new Set<string>();
		const opened = await Promise.all(
			recordings.map(async () => {
				const session = await openSession(server.socketUrl, 'source=auto&target=same');
				session.socket.on('message', (data: Buffer) => {
					if (readMessage(data).type === 'final') speaking.add(session.id);
				});
				return session.socket;
			}),
		);
		// Reading the figures begins them anew.
		const before = await readFigures(server.url);
		const startMs = performance.now();
		for (let block = 0; performance.now() - startMs < seconds * 1000; block++) {
			for (const [index, socket] of opened.entries()) {
				const samples = recordings[index]!;
				// Each is at another place, so that pauses do not meet.
				const first = ((block + index * 7) * BLOCK_SAMPLES) % (samples.length - BLOCK_SAMPLES);
				socket.send(samples.subarray(first, first + BLOCK_SAMPLES));
			}
			await delay(Math.max(0, startMs + (block + 1) * BLOCK_MS - performance.now()));
		}
		const after = await readFigures(server.url);
		await closeSockets(opened);
		const lagMs = (name: string): number =>
			after(`nodejs_eventloop_lag_${name}_seconds`) * 1000 - INTERVAL_MS;
		return {
			sessions,
			seconds,
			p50Ms: lagMs('p50'),
			p99Ms: lagMs('p99'),
			maxMs: lagMs('max'),
			speaking: speaking.size,
			serverCpuShare:
				((after('process_cpu_seconds_total') - before('process_cpu_seconds_total')) * 1000) /
				(performance.now() - startMs),
		};
	} finally {
		await server.stop();
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

/** Reads `/metrics`. */
async function readFigures(url: string): Promise<(name: string) => number> {
	const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n');
	return name => Number(lines.find(line => line.startsWith(`${name} `))?.slice(name.length + 1));
}
