import type {Readable, Writable} from 'node:stream';

import type {AudioInput, AudioSource} from '../core/audio/audio-source.js';
import type {OpenAudioOptions} from '../core/audio/open-audio.js';
import type {ModelStore} from '../core/models/model-store.js';
import type {Device} from '../core/models/onnx-session.js';
import type {FileTranslator} from '../core/translation/file-translator.js';
import {systemClock, type Clock} from '../core/util/clock.js';
import {listenForStop} from './listen-for-stop.js';

/** A stream that may be a terminal. */
export type OutputStream = Writable & {readonly isTTY?: boolean; readonly columns?: number};

export interface OpenTranslatorOptions {
	readonly graphsDirectory: string;
	readonly device: Device;
	readonly threads?: number;
}

/** Everything a command touches outside itself. Commands take the members they use. */
export interface CommandContext {
	readonly stdout: OutputStream;
	readonly stderr: OutputStream;
	readonly stdin: Readable & {readonly isTTY?: boolean};
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly cwd: string;
	readonly clock: Clock;
	/** Fires when the run shall end early; its reason is a `RunStop` or an `InfinisstError`. */
	readonly signal: AbortSignal;
	/** The heavy parts, each behind an `import()` so that `--help` loads none of them. */
	openAudio(input: AudioInput, options: OpenAudioOptions): Promise<AudioSource>;
	openModelStore(): Promise<ModelStore>;
	openTranslator(options: OpenTranslatorOptions): Promise<FileTranslator>;
}

/**
 * The context of the real process. Ctrl-C (or SIGTERM, SIGHUP) fires the signal so that the commands end
 * in order; the second one ends the process at once.
 */
export function createProcessContext(): CommandContext {
	return {
		stdout: process.stdout,
		stderr: process.stderr,
		// A getter: touching it opens the descriptor, which only commands that read it should do.
		get stdin() {
			return process.stdin;
		},
		env: process.env,
		cwd: process.cwd(),
		clock: systemClock,
		signal: listenForStop(process),
		async openAudio(input, options) {
			const {openAudio} = await import('../core/audio/open-audio.js');
			return openAudio(input, options);
		},
		async openModelStore() {
			const {openModelStore} = await import('./open-model-store.js');
			return openModelStore({env: process.env, cwd: process.cwd()});
		},
		async openTranslator(options) {
			// Every machine has a processor: asking would take a tenth of a second.
			if (options.device !== 'auto' && options.device !== 'cpu') {
				const {assertDevice} = await import('../core/models/assert-device.js');
				await assertDevice(options.device);
			}

			const {openWhisperFileTranslator} = await import('../core/translation/whisper-file-translator.js');
			return openWhisperFileTranslator(options);
		},
	};
}
