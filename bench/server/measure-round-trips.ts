import type {WebSocket} from 'ws';
import {createRandom} from '../../src/core/util/random.js';
import {interleave} from '../kit/interleave.js';
import {mean, median, quantile} from '../kit/statistics.js';
import {closeSockets, delay, openSession, openSocket, openSockets, readMessage} from './bench-socket.js';
import {startBenchServer} from './server-process.js';

/** What the existing page sends in about a second. */
const FRAME_BYTES = 64 * 1024;
/**
 * Sockets and sessions have just been opened: what that leaves to the collector of garbage is told apart. Two scavenges
 * move the new sessions out of the young memory; they are over by then.
 */
const SETTLING_MS = 2000;
/** Of float32 at 16 kHz: 1.024 s. */
const FRAME_MS = FRAME_BYTES / 4 / 16;

export interface RoundTripOptions {
	readonly sockets: number;
	readonly secondsPerRound: number;
	readonly rounds: number;
}

export interface RoundTrips {
	readonly name: string;
	readonly count: number;
	/** Frames that nothing answered. */
	readonly missing: number;
	readonly meanMs: number;
	readonly p50Ms: number;
	readonly p99Ms: number;
	readonly maxMs: number;
	readonly p99ByRoundMs: readonly number[];
	/** Of the first two seconds of each round, which the others leave out. */
	readonly p99WhileSettlingMs: number;
}

interface Contestant {
	readonly name: string;
	open(): Promise<WebSocket>;
	/** Which frame of its socket a message answers, from 0; undefined for other messages. */
	answered(message: Buffer, before: number): number | undefined;
}

interface Round {
	readonly roundTripsMs: readonly number[];
	readonly settlingMs: readonly number[];
	readonly missing: number;
}

/** From the sending of a frame to the first byte of its answer: ours, and a bare server with the frame or a short text back. */
export async function measureRoundTrips(options: RoundTripOptions): Promise<readonly RoundTrips[]> {
	const [ours, bare] = await Promise.all([startBenchServer('idle-server'), startBenchServer('echo-server')]);
	try {
		const contestants: readonly Contestant[] = [
			{
				name: 'infinisst, /v1/stream',
				open: async () => (await openSession(ours.socketUrl, 'source=en&target=de')).socket,
				answered(data) {
					const message = readMessage(data);
					// The text is the number of the frame.
					return message.type === 'partial' ? Number(message.text) - 1 : undefined;
				},
			},
			...['echo', 'answer'].map(path => ({
				name: path === 'echo' ? 'bare ws, the frame back' : 'bare ws, 200 bytes back',
				open: () => openSocket(`${bare.socketUrl}/${path}`),
				answered: (_data: Buffer, before: number) => before,
			})),
		];
		const warmUp = {...options, secondsPerRound: 2};
		for (const contestant of contestants) await runRound(contestant, warmUp, -1);
		const results = await interleave(contestants, options.rounds, (contestant, round) =>
			runRound(contestant, options, round),
		);
		return contestants.map(contestant => summarise(contestant.name, results.get(contestant)!));
	} finally {
		await Promise.all([ours.stop(), bare.stop()]);
	}
}

async function runRound(
	contestant: Contestant,
	{sockets: socketCount, secondsPerRound}: RoundTripOptions,
	seed: number,
): Promise<Round> {
	const sockets = await openSockets(socketCount, () => contestant.open());
	const random = createRandom(seed + 17);
	const frame = Buffer.from(Float32Array.from({length: FRAME_BYTES / 4}, () => random() - 0.5).buffer);
	const settledMs = performance.now() + SETTLING_MS;
	const endMs = settledMs + secondsPerRound * 1000;
	const settlingMs: number[] = [];
	const roundTripsMs: number[] = [];
	let sent = 0;
	const speaking = sockets.map(async socket => {
		const sentAtMs: number[] = [];
		let answers = 0;
		socket.on('message', (data: Buffer) => {
			const frameIndex = contestant.answered(data, answers);
			if (frameIndex === undefined) return;
			answers++;
			const sentMs = sentAtMs[frameIndex]!;
			(sentMs < settledMs ? settlingMs : roundTripsMs).push(performance.now() - sentMs);
		});
		// Speakers do not begin together.
		for (let dueMs = performance.now() + random() * FRAME_MS; dueMs < endMs; dueMs += FRAME_MS) {
			await delay(Math.max(0, dueMs - performance.now()));
			sentAtMs.push(performance.now());
			socket.send(frame);
			sent++;
		}
	});
	await Promise.all(speaking);
	// The last answers.
	const count = (): number => settlingMs.length + roundTripsMs.length;
	for (let waits = 0; count() < sent && waits < 50; waits++) await delay(20);
	const missing = sent - count();
	await closeSockets(sockets);
	return {roundTripsMs, settlingMs, missing};
}

function summarise(name: string, rounds: readonly Round[]): RoundTrips {
	const all = rounds.flatMap(({roundTripsMs}) => roundTripsMs);
	return {
		name,
		count: all.length,
		missing: rounds.reduce((sum, {missing}) => sum + missing, 0),
		meanMs: mean(all),
		p50Ms: median(all),
		p99Ms: quantile(all, 0.99),
		maxMs: all.reduce((most, ms) => Math.max(most, ms), 0),
		p99ByRoundMs: rounds.map(({roundTripsMs}) => quantile(roundTripsMs, 0.99)),
		p99WhileSettlingMs: quantile(
			rounds.flatMap(({settlingMs}) => settlingMs),
			0.99,
		),
	};
}
