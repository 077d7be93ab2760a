import type {Readable, Writable} from 'node:stream';

import type {AudioInput, AudioSource} from '../core/audio/audio-source.js';
import type {OpenAudioOptions} from '../core/audio/open-audio.js';
import type {Engine} from '../core/engine/engine.js';
import type {ModelStore} from '../core/models/model-store.js';
import type {Device} from '../core/models/onnx-session.js';
import type {FileTranslator} from '../core/translation/file-translator.js';
import type {TextModelOptions} from '../core/translation/text/open-text-translator.js';
import type {TextTranslator} from '../core/translation/text/text-translator.js';
import {systemClock, type Clock} from '../core/util/clock.js';
import type {RunRecorder, RunRecorderOptions} from '../history/record/run-recorder.js';
import {listenForStop} from './listen-for-stop.js';

/** A stream that may be a terminal. */
export type OutputStream = Writable & {
	readonly isTTY?: boolean;
	readonly columns?: number;
	readonly rows?: number;
};

export interface OpenTranslatorOptions {
	readonly graphsDirectory: string;
	readonly device: Device;
	readonly threads?: number;
}

export interface OpenEngineOptions {
	/** As people name it. */
	readonly model: string;
	readonly graphsDirectory: string;
	/** What its text is translated by. */
	readonly texts: readonly TextModelOptions[];
	readonly device: Device;
	readonly threads?: number;
	/** Gives up the opening. */
	readonly signal: AbortSignal;
}

export interface OpenRunRecorderOptions extends Omit<RunRecorderOptions, 'path' | 'clock'> {
	/** Absolute. @default `history.db` of the program's data */
	readonly path?: string | undefined;
}

/** An exception leaves the program in a state that nobody knows; a rejected promise only its own work undone. */
export type UncaughtFault = 'exception' | 'rejection';

/** Everything a command touches outside itself. Commands take the members they use. */
export interface CommandContext {
	readonly stdout: OutputStream;
	readonly stderr: OutputStream;
	readonly stdin: Readable & {readonly isTTY?: boolean};
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly cwd: string;
	readonly platform: NodeJS.Platform;
	readonly clock: Clock;
	/** Fires when the run shall end early; its reason is a `RunStop` or an `InfinisstError`. */
	readonly signal: AbortSignal;
	/** As if Ctrl-C had been pressed, where a terminal hands keys over instead of obeying them. */
	interrupt(): void;
	/** From now on SIGHUP is told to the listener, and no longer ends the run. */
	onHangUp(listener: () => void): void;
	/** From now on faults that nobody caught are told to the listener, and no longer end the process. */
	onUncaughtFault(listener: (error: unknown, kind: UncaughtFault) => void): void;
	/** The heavy parts, each behind an `import()` so that `--help` loads none of them. */
	openAudio(input: AudioInput, options: OpenAudioOptions): Promise<AudioSource>;
	openModelStore(): Promise<ModelStore>;
	openTranslator(options: OpenTranslatorOptions): Promise<FileTranslator>;
	/** In a thread of its own, as a model blocks the one that it works in. @param signal - gives up the opening. */
	openTextTranslator(options: TextModelOptions, signal: AbortSignal): Promise<TextTranslator>;
	/** In a thread of its own. */
	openEngine(options: OpenEngineOptions): Promise<Engine>;
	/** Keeps the run in the history; touches neither the disk nor the database until there is something to keep. */
	openRunRecorder(options: OpenRunRecorderOptions): Promise<RunRecorder>;
}

const SHOW_CURSOR = '\u001B[?25h';

/**
 * The context of the real process. Ctrl-C (or SIGTERM, SIGHUP) fires the signal so that the commands end
 * in order; the second one ends the process at once.
 */
export function createProcessContext(): CommandContext {
	let isStdinOpen = false;
	return {
		stdout: process.stdout,
		stderr: process.stderr,
		// A getter: touching it opens the descriptor, which only commands that read it should do.
		get stdin() {
			isStdinOpen = true;
			return process.stdin;
		},
		env: process.env,
		cwd: process.cwd(),
		platform: process.platform,
		clock: systemClock,
		signal: listenForStop(process, restoreTerminal),
		interrupt: () => void process.kill(process.pid, 'SIGINT'),
		onHangUp(listener) {
			process.removeAllListeners('SIGHUP');
			process.on('SIGHUP', listener);
		},
		onUncaughtFault(listener) {
			process.on('uncaughtException', error => listener(error, 'exception'));
			process.on('unhandledRejection', error => listener(error, 'rejection'));
		},
		async openAudio(input, options) {
			const {openAudio} = await import('../core/audio/open-audio.js');
			return openAudio(input, options);
		},
		async openModelStore() {
			const {openModelStore} = await import('./open-model-store.js');
			return openModelStore({env: process.env, cwd: process.cwd()});
		},
		async openTranslator(options) {
			await requireDevice(options.device);
			const {openWhisperFileTranslator} = await import('../core/translation/whisper-file-translator.js');
			return openWhisperFileTranslator(options);
		},
		async openTextTranslator(options, signal) {
			const {openThreadTextTranslator} =
				await import('../core/translation/text/thread/thread-text-translator.js');
			return openThreadTextTranslator(options, signal);
		},
		async openEngine(options) {
			await requireDevice(options.device);
			const [{openThreadReplica}, {chainReplicaModule}] = await Promise.all([
				import('../core/engine/transport/thread-replica.js'),
				import('../core/engine/chain/chain-replica-module.js'),
			]);
			const {signal, ...rest} = options;
			return openThreadReplica(chainReplicaModule({...rest, id: 'translate'}), {signal});
		},
		async openRunRecorder({path, ...options}) {
			const [{createRunRecorder}, {resolveHistoryFile}] = await Promise.all([
				import('../history/record/run-recorder.js'),
				import('./resolve-home-directory.js'),
			]);
			const file = path ?? resolveHistoryFile({env: process.env, cwd: process.cwd()});
			return createRunRecorder({...options, path: file, clock: systemClock});
		},
	};

	/** A process that is ended by a signal has no time to take back what it did to its terminal. */
	function restoreTerminal(): void {
		if (isStdinOpen && process.stdin.isTTY && process.stdin.isRaw) process.stdin.setRawMode(false);
		const terminal = [process.stdout, process.stderr].find(({isTTY}) => isTTY);
		terminal?.write(SHOW_CURSOR);
	}
}

/** Every machine has a processor: asking would take a tenth of a second. */
async function requireDevice(device: Device): Promise<void> {
	if (device === 'auto' || device === 'cpu') return;
	const {assertDevice} = await import('../core/models/assert-device.js');
	await assertDevice(device);
}
