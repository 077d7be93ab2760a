import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ServerMessage} from '../../src/core/session/stream-protocol.js';
import {readDevSet} from '../kit/dev-set.js';
import {readSamples} from '../kit/read-samples.js';
import {closeSockets, delay, openSession, readMessage} from './bench-socket.js';
import {startProgram, type ServerProcess} from './server-process.js';

const BLOCK_SAMPLES = 1600;
const BLOCK_MS = 100;
const READY_SECONDS = 120;
/** Shorter clips would be heard again and again. */
const MIN_CLIP_SECONDS = 8;

export interface RealSpeakersOptions {
	readonly sessions: number;
	/** Of `/v1/stream`. */
	readonly query: string;
	/** Behind `serve`. */
	readonly flags?: readonly string[];
	/** @param session - id of the one it was said to. */
	readonly onMessage: (message: ServerMessage, session: string) => void;
}

export interface RealSpeakers {
	readonly server: ServerProcess;
	/** All speak for so long, at the pace of speech, and go on where they stopped the last time. @returns seconds it took. */
	readonly speak: (seconds: number) => Promise<number>;
}

/** `infinisst serve` with a history of its own and so many speakers of the dev set, for as long as `measure` takes. */
export async function withRealSpeakers<Result>(
	{sessions, query, flags = [], onMessage}: RealSpeakersOptions,
	measure: (speakers: RealSpeakers) => Promise<Result>,
): Promise<Result> {
	const clips = (await readDevSet()).filter(clip => clip.seconds >= MIN_CLIP_SECONDS);
	const recordings = await Promise.all(
		Array.from({length: sessions}, (_, index) => readSamples(clips[index % clips.length]!.path)),
	);
	const folder = await mkdtemp(join(tmpdir(), 'infinisst-bench-'));
	const server = await startProgram('--log-level', 'warn', '--db', join(folder, 'history.db'), ...flags);
	try {
		await untilReady(server.url);
		const sockets = await Promise.all(
			recordings.map(async () => {
				const {socket, id} = await openSession(server.socketUrl, query);
				socket.on('message', (data: Buffer) => onMessage(readMessage(data), id));
				return socket;
			}),
		);
		let block = 0;
		const speak = async (seconds: number): Promise<number> => {
			const startMs = performance.now();
			for (const first = block; performance.now() - startMs < seconds * 1000; block++) {
				for (const [index, socket] of sockets.entries()) {
					const samples = recordings[index]!;
					// Each is at another place, so that pauses do not meet.
					const start = ((block + index * 7) * BLOCK_SAMPLES) % (samples.length - BLOCK_SAMPLES);
					socket.send(samples.subarray(start, start + BLOCK_SAMPLES));
				}
				await delay(Math.max(0, startMs + (block - first + 1) * BLOCK_MS - performance.now()));
			}
			return (performance.now() - startMs) / 1000;
		};
		const result = await measure({server, speak});
		await closeSockets(sockets);
		return result;
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
