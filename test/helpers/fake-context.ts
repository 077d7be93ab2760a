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
	readonly openTextTranslator?: CommandContext['openTextTranslator'];
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
		openTextTranslator:
			parts.openTextTranslator ?? (() => Promise.reject(new Error('this test translates no text'))),
		openEngine: parts.openEngine ?? (() => Promise.reject(new Error('this test opens no engine'))),
		openRunRecorder: parts.openRunRecorder ?? (() => Promise.resolve(NO_RUN_RECORDER)),
	};
}

/** A model store that holds whisper-base, or is about to fetch it, and counts what it was asked. */
export interface FakeStoreOptions {
	/** Whether the model that hears is there. @default true */
	readonly isInstalled?: boolean;
	/** Models of texts. @default none */
	readonly texts?: readonly {
		readonly name: string;
		readonly languages: readonly string[];
		readonly targets: readonly string[];
		/** @default true */
		readonly isInstalled?: boolean;
		/** @default 1000 */
		readonly sizeBytes?: number;
	}[];
}

/** A store whose models weigh nothing. */
export function createFakeStore({isInstalled = true, texts = []}: FakeStoreOptions = {}): ModelStore & {
	readonly pulled: string[];
} {
	const hearing = {
		name: 'whisper-base',
		description: 'a double',
		family: 'whisper' as const,
		languages: LANGUAGES.map(({code}) => code).filter(code => code !== 'yue'),
		tasks: ['transcribe', 'translate'] as const,
		licence: 'MIT',
		downloadBytes: 150_000_000,
		sizeBytes: 150_000_000,
		sources: [],
		isInstalled,
	};
	const entries = [
		hearing,
		...texts.map(text => ({
			...hearing,
			family: 'seq2seq' as const,
			tasks: ['translate-text'] as const,
			isInstalled: true,
			sizeBytes: 1000,
			downloadBytes: text.sizeBytes ?? 1000,
			...text,
		})),
	];
	const pulled: string[] = [];
	const find = (name: string) => entries.find(entry => entry.name === name) ?? hearing;
	const isHere = (name: string): boolean => find(name).isInstalled || pulled.includes(name);
	const store = {
		pulled,
		rootDirectory: '/models',
		catalogue: {defaultModel: 'whisper-base', models: entries, languageSets: {}},
		list: () => Promise.resolve(entries.map(entry => ({...entry, isInstalled: isHere(entry.name)}))),
		find: (name: string) => Promise.resolve(isHere(name) ? find(name) : undefined),
		resolve: (name: string) => Promise.resolve({kind: 'catalogue', name: find(name).name, entry: find(name)}),
		pull(name: string) {
			pulled.push(name);
			return Promise.resolve(find(name));
		},
		ensureGraphs: (name: string, precision: string) =>
			Promise.resolve(`/models/${find(name).name}/${precision}`),
	};
	return store as unknown as ModelStore & {readonly pulled: string[]};
}
