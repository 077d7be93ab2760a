import type {Readable} from 'node:stream';
import {PassThrough, Writable} from 'node:stream';

import type {CommandContext, UncaughtFault} from '../../src/cli/command-context.js';
import {RunStop} from '../../src/cli/run-stop.js';
import {openAudio} from '../../src/core/audio/open-audio.js';
import {NO_RUN_RECORDER} from '../../src/history/record/no-run-recorder.js';
import {LANGUAGES} from '../../src/core/language/language-table.js';
import type {ModelStore} from '../../src/core/models/model-store.js';
import type {FileTranslator} from '../../src/core/translation/file-translator.js';
import type {Clock} from '../../src/core/util/clock.js';

/** A stream that keeps what is written to it. */
export class TextCollector extends Writable {
	text = '';
	isTTY?: boolean;
	columns?: number;

	get lines(): string[] {
		return this.text.split('\n').slice(0, -1);
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
		this.text += chunk.toString();
		done();
	}
}

/** Time that passes only when a test says so. */
export class FakeClock implements Clock {
	#nowMs = 0;
	#tasks: {atMs: number; task: () => void}[] = [];

	nowMs(): number {
		return this.#nowMs;
	}

	after(delayMs: number, task: () => void): () => void {
		const entry = {atMs: this.#nowMs + delayMs, task};
		this.#tasks.push(entry);
		return () => void (this.#tasks = this.#tasks.filter(other => other !== entry));
	}

	advance(byMs: number): void {
		this.#nowMs += byMs;
		const due = this.#tasks.filter(({atMs}) => atMs <= this.#nowMs);
		this.#tasks = this.#tasks.filter(({atMs}) => atMs > this.#nowMs);
		for (const {task} of due) task();
	}
}

export interface FakeContext extends CommandContext {
	readonly stdout: TextCollector;
	readonly stderr: TextCollector;
	readonly clock: FakeClock;
	/** Fires the context's signal. */
	readonly stop: (reason: unknown) => void;
	/** As if SIGHUP had come. */
	readonly hangUp: () => void;
	/** As if nobody had caught this. */
	readonly fault: (error: unknown, kind: UncaughtFault) => void;
}

export interface FakeContextParts {
	readonly cwd?: string;
	readonly env?: Record<string, string>;
	readonly stdin?: Readable & {isTTY?: boolean};
	readonly translator?: FileTranslator;
	readonly openTranslator?: CommandContext['openTranslator'];
	readonly openEngine?: CommandContext['openEngine'];
	/** @default keeps nothing */
	readonly openRunRecorder?: CommandContext['openRunRecorder'];
	/** @default a store in which whisper-base is installed */
	readonly store?: ModelStore;
}

/** A context without a process: real audio, and a translator and model store of the test's choice. */
export function createFakeContext(parts: FakeContextParts = {}): FakeContext {
	const controller = new AbortController();
	let onHangUp = (): void => undefined;
	let onUncaughtFault: FakeContext['fault'] = () => undefined;
	return {
		stdout: new TextCollector(),
		stderr: new TextCollector(),
		stdin: parts.stdin ?? new PassThrough().end(),
		env: parts.env ?? {},
		cwd: parts.cwd ?? process.cwd(),
		platform: 'linux',
		clock: new FakeClock(),
		signal: controller.signal,
		stop: reason => controller.abort(reason),
		interrupt: () => controller.abort(RunStop.interrupted()),
		onHangUp: listener => void (onHangUp = listener),
		hangUp: () => onHangUp(),
		onUncaughtFault: listener => void (onUncaughtFault = listener),
		fault: (error, kind) => onUncaughtFault(error, kind),
		openAudio,
		openModelStore: () => Promise.resolve(parts.store ?? createFakeStore()),
		openTranslator:
			parts.openTranslator ??
			(() =>
				parts.translator === undefined
					? Promise.reject(new Error('this test opens no translator'))
					: Promise.resolve(parts.translator)),
		openEngine: parts.openEngine ?? (() => Promise.reject(new Error('this test opens no engine'))),
		openRunRecorder: parts.openRunRecorder ?? (() => Promise.resolve(NO_RUN_RECORDER)),
	};
}

/** A model store that holds whisper-base, or is about to fetch it, and counts what it was asked. */
export function createFakeStore({isInstalled = true}: {readonly isInstalled?: boolean} = {}): ModelStore & {
	readonly pulled: string[];
} {
	const entry = {
		name: 'whisper-base',
		description: 'a double',
		family: 'whisper' as const,
		languages: LANGUAGES.map(({code}) => code).filter(code => code !== 'yue'),
		tasks: ['transcribe', 'translate'] as const,
		licence: 'MIT',
		downloadBytes: 150_000_000,
		sources: [],
	};
	const pulled: string[] = [];
	const installed = () => (isInstalled || pulled.length > 0 ? entry : undefined);
	const store = {
		pulled,
		rootDirectory: '/models',
		catalogue: {defaultModel: 'whisper-base', models: [entry], languageSets: {}},
		find: () => Promise.resolve(installed()),
		resolve: () => Promise.resolve({kind: 'catalogue', name: entry.name, entry}),
		pull(name: string) {
			pulled.push(name);
			return Promise.resolve(entry);
		},
		ensureGraphs: (_name: string, precision: string) => Promise.resolve(`/models/whisper-base/${precision}`),
	};
	return store as unknown as ModelStore & {readonly pulled: string[]};
}
