import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fetch, WebSocket} from 'undici';
import {PEER_HOME} from '../peers/peer-home.js';
import type {LiveContestant, LiveStream, LiveUpdate} from './live-stream.js';
import {readChildrenUsage, readOwnUsage} from './process-usage.js';

const PROGRAM = join(PEER_HOME.liveEnvironment, 'bin', 'wlk');

/** Loading PyTorch and two models takes half a minute on a cold disk. */
const START_DEADLINE_MS = 180_000;

/** What the server says each time something changed; `mode=full`: the whole transcript. */
interface ServerMessage {
	readonly type?: string;
	/** Final text; a line of silence has none. */
	readonly lines?: readonly {readonly text: string | null}[];
	/** What may change. */
	readonly buffer_transcription?: string;
	readonly error?: string;
}

interface Server {
	readonly port: number;
	/** What it had used when it was ready. */
	readonly startCpuMs: number;
	stop(): Promise<void>;
}

/** Names of the peers, with what each computes with. */
export const WHISPER_LIVE_KITS = {
	whisperlivekit: 'SimulStreaming, encoder faster-whisper, decoder PyTorch float32',
	'whisperlivekit-localagreement': 'LocalAgreement, faster-whisper',
} as const;

export type WhisperLiveKitName = keyof typeof WHISPER_LIVE_KITS;

/**
 * WhisperLiveKit's server as its documentation shows: its default policy (SimulStreaming, AlignAtt) or LocalAgreement,
 * default settings. With the first it knows one language, so it is started again for each; sessions at the same time
 * must speak the same.
 *
 * @param warmUpPath - a recording that it hears before it takes sessions, as it does with one from the network.
 * @throws Error when it is not installed.
 */
export function createWhisperLiveKit(name: WhisperLiveKitName, warmUpPath: string): LiveContestant {
	if (!existsSync(PROGRAM)) {
		throw new Error('WhisperLiveKit is not installed: run "npm run bench:peers -- --live" first.');
	}
	let server: Promise<Server> | undefined;
	let language: string | undefined;
	let openStreams = 0;
	/** Of the servers before this one. */
	let earlierCpuMs = 0;

	const readCpuMs = async (): Promise<{cpuMs: number; residentBytes: number}> => {
		const running = await server;
		const {cpuMs, residentBytes} = await readChildrenUsage();
		return {cpuMs: earlierCpuMs + (running === undefined ? 0 : cpuMs - running.startCpuMs), residentBytes};
	};
	const stop = async (): Promise<void> => {
		earlierCpuMs = (await readCpuMs()).cpuMs;
		const running = await server;
		server = undefined;
		await running?.stop();
	};
	return {
		name,
		description: `WhisperLiveKit 0.2.26, whisper-base, ${WHISPER_LIVE_KITS[name]}, defaults, told the language`,
		openStream: async options => {
			if (options.task === 'translate') {
				throw new Error('WhisperLiveKit translates only if all its sessions do.');
			}
			openStreams += 1;
			if (options.language !== language) {
				if (openStreams > 1) throw new Error('WhisperLiveKit hears one language at a time.');
				({language} = options);
				await stop();
				server = startServer(name, language, warmUpPath);
			}
			const stream = await openStream((await server!).port);
			return {...stream, updates: countUntilEnd(stream.updates, () => (openStreams -= 1))};
		},
		usage: async () => {
			const [own, {cpuMs, residentBytes}] = await Promise.all([readOwnUsage(), readCpuMs()]);
			return {engineCpuMs: cpuMs, clientCpuMs: own.cpuMs, residentBytes};
		},
		statistics: () => Promise.resolve(undefined),
		setMaxBatchSize: undefined,
		close: stop,
	};
}

async function* countUntilEnd(
	updates: AsyncIterable<LiveUpdate>,
	onEnd: () => void,
): AsyncGenerator<LiveUpdate> {
	try {
		yield* updates;
	} finally {
		onEnd();
	}
}

/** @throws Error with the end of what it said when it does not start. */
async function startServer(name: WhisperLiveKitName, language: string, warmUpPath: string): Promise<Server> {
	const port = await findFreePort();
	const heads = await readFile(join(PEER_HOME.pytorchModel, 'alignment_heads.txt'), 'utf8');
	const models =
		name === 'whisperlivekit'
			? [
					...['--encoder-model-path', PEER_HOME.ctranslate2Model],
					...['--decoder-model-path', PEER_HOME.pytorchModel, '--custom-alignment-heads', heads],
				]
			: ['--backend-policy', 'localagreement', '--model_dir', PEER_HOME.ctranslate2Model];
	const child = spawn(
		PROGRAM,
		[
			...['serve', '--host', '127.0.0.1', '--port', String(port), '--pcm-input', '--log-level', 'WARNING'],
			...['--backend', 'faster-whisper', ...models],
			...['--warmup-file', warmUpPath, '--language', language],
		],
		// Its models are all there; it shall not look for them elsewhere.
		{stdio: ['ignore', 'ignore', 'pipe'], env: {...process.env, HF_HUB_OFFLINE: '1'}},
	);
	const ended = once(child, 'close');
	let complaints = '';
	child.stderr.setEncoding('utf8').on('data', (piece: string) => {
		complaints = (complaints + piece).slice(-4000);
	});
	// It would go on without this process.
	const kill = () => child.kill('SIGKILL');
	process.once('exit', kill);
	const stop = async (): Promise<void> => {
		process.off('exit', kill);
		child.kill('SIGTERM');
		const timer = setTimeout(kill, 5000);
		await ended;
		clearTimeout(timer);
	};
	const deadlineMs = performance.now() + START_DEADLINE_MS;
	while (!(await isReady(port))) {
		if (child.exitCode !== null || performance.now() > deadlineMs) {
			await stop();
			throw new Error(`WhisperLiveKit did not start:\n${complaints}`);
		}
		await sleep(250);
	}
	return {port, stop, startCpuMs: (await readChildrenUsage()).cpuMs};
}

async function openStream(port: number): Promise<LiveStream> {
	const socket = new WebSocket(`ws://127.0.0.1:${port}/asr?mode=full`);
	const messages = new ReadableStream<ServerMessage>({
		start(controller) {
			socket.addEventListener('message', ({data}) => {
				const message = JSON.parse(String(data)) as ServerMessage;
				if (message.type !== 'ready_to_stop') {
					controller.enqueue(message);
					return;
				}
				socket.close();
			});
			socket.addEventListener('close', () => controller.close());
		},
	});
	await new Promise<void>((resolve, reject) => {
		socket.addEventListener('open', () => resolve());
		socket.addEventListener('error', () => reject(new Error('WhisperLiveKit refused a session.')));
	});
	return {
		updates: readUpdates(messages),
		write: samples => {
			socket.send(toInt16(samples));
			return Promise.resolve();
		},
		// An empty message says that nothing follows.
		end: () => socket.send(new Uint8Array(0)),
		destroy: () => socket.close(),
	};
}

async function* readUpdates(messages: ReadableStream<ServerMessage>): AsyncGenerator<LiveUpdate> {
	let transcript = '';
	for await (const {lines, buffer_transcription: tail = '', error} of messages) {
		if (error) throw new Error(`WhisperLiveKit failed: ${error}`);
		if (lines === undefined) continue;
		const text = lines
			.map(line => line.text ?? '')
			.filter(Boolean)
			.join(' ');
		const common = commonWords(transcript, text);
		const added = text.slice(common);
		yield {
			retractedCharacters: transcript.length - common,
			finals: added === '' ? [] : [{text: added, endMs: undefined, audioMs: undefined}],
			tail,
		};
		transcript = text;
	}
}

/** Length of the common beginning of two texts, without a word that is another one in either. */
function commonWords(left: string, right: string): number {
	let common = 0;
	while (common < right.length && left[common] === right[common]) common += 1;
	const isInWord = (character: string | undefined) =>
		character !== undefined && /^(?!\p{Script=Han})[\p{L}\p{M}\p{N}]$/u.test(character);
	while (isInWord(right[common - 1]) && (isInWord(right[common]) || isInWord(left[common]))) common -= 1;
	return common;
}

function toInt16(samples: Float32Array): Int16Array<ArrayBuffer> {
	return Int16Array.from(samples, sample => Math.round(Math.max(-1, Math.min(1, sample)) * 32_767));
}

async function isReady(port: number): Promise<boolean> {
	try {
		return (await fetch(`http://127.0.0.1:${port}/health`)).ok;
	} catch {
		return false;
	}
}

async function findFreePort(): Promise<number> {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	server.close();
	if (address === null || typeof address === 'string') throw new Error('This machine gave no port.');
	return address.port;
}
