import {fork, type ChildProcess} from 'node:child_process';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {InfinisstError} from '../../errors.js';
import {builtModule} from '../../util/built-module.js';
import {createDeferred, type Deferred} from '../../util/deferred.js';
import {fromFault} from '../../util/fault.js';
import type {TranslationEvent} from '../translation-event.js';
import type {WhisperFileTranslatorOptions} from '../whisper-file-translator.js';
import type {RecordingRequest, RecordingTranslator} from './recording-translator.js';
import type {TranslatorRequest, TranslatorResponse} from './translator-messages.js';

export interface ChildTranslatorOptions extends WhisperFileTranslatorOptions {
	/** Each line that the process writes to its standard error or output. */
	readonly onLog?: (line: string) => void;
	/** Told when the process has been started. */
	readonly onStart?: (processId: number) => void;
	/** Gives up opening. */
	readonly signal?: AbortSignal;
}

/**
 * Opens a translator of recordings in a process of its own, of lower priority than this one: a crash in native code, or a
 * file made to cause one, takes nothing else with it. The process ends with this one, however that ends.
 *
 * @throws {InfinisstError} as `openWhisperFileTranslator()`; `REPLICA_LOST` (retryable) if the process ended;
 * `signal.reason`.
 */
export async function openChildTranslator(options: ChildTranslatorOptions): Promise<RecordingTranslator> {
	const {onLog = () => undefined, onStart, signal, ...model} = options;
	signal?.throwIfAborted();
	const entry = fileURLToPath(builtModule(import.meta.resolve('./translator-process.js')));
	const child = fork(entry, {
		execArgv: [],
		serialization: 'advanced',
		stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
	});
	for (const stream of [child.stdout!, child.stderr!]) createInterface({input: stream}).on('line', onLog);
	if (child.pid !== undefined) onStart?.(child.pid);
	const translator = new ChildTranslator(child);
	const abort = (): void => void translator.destroy(signal!.reason);
	signal?.addEventListener('abort', abort, {once: true});
	try {
		await translator.open(model);
		return translator;
	} catch (error) {
		await translator.destroy(error);
		throw error;
	} finally {
		signal?.removeEventListener('abort', abort);
	}
}

/** A recording under way. What comes is kept until it is read: the text of a recording is small. */
interface Run {
	readonly events: TranslationEvent[];
	/** Resolves when there is something to read. */
	news: Deferred<void>;
	end: {readonly reason?: unknown} | undefined;
}

class ChildTranslator implements RecordingTranslator {
	readonly gone: Promise<void>;
	readonly #child: ChildProcess;
	readonly #opened = createDeferred();
	readonly #runs = new Map<number, Run>();
	#count = 0;
	#idle: Deferred<void> | undefined;
	#end: {readonly reason: unknown} | undefined;
	#closing: Promise<void> | undefined;

	constructor(child: ChildProcess) {
		this.#child = child;
		const gone = createDeferred();
		this.gone = gone.promise;
		const end = (how: string): void => {
			this.#finish(
				new InfinisstError('REPLICA_LOST', `The process that translates recordings ended: ${how}`),
			);
			gone.resolve();
		};
		// Not 'close': what it has started may hold its streams open.
		child.once('exit', (exitCode, signal) => end(signal ?? `exit code ${String(exitCode)}`));
		child.on('error', error => {
			if (child.pid === undefined) end(error.message);
		});
		child.on('message', message => this.#take(message as TranslatorResponse));
	}

	async open(options: WhisperFileTranslatorOptions): Promise<void> {
		this.#send({type: 'open', options});
		await this.#opened.promise;
	}

	async *translate(
		recording: RecordingRequest,
		signal?: AbortSignal,
	): AsyncGenerator<TranslationEvent, void> {
		signal?.throwIfAborted();
		if (this.#end !== undefined) throw this.#end.reason;
		if (this.#closing !== undefined) throw closedError();
		const id = this.#count++;
		const run: Run = {events: [], news: createDeferred(), end: undefined};
		this.#runs.set(id, run);
		const abort = (): void => endRun(run, {reason: signal!.reason});
		signal?.addEventListener('abort', abort, {once: true});
		this.#send({type: 'translate', id, recording});
		try {
			for (;;) {
				signal?.throwIfAborted();
				const event = run.events.shift();
				if (event !== undefined) yield event;
				else if (run.end === undefined) {
					run.news = createDeferred();
					await run.news.promise;
				} else if ('reason' in run.end) throw run.end.reason;
				else return;
			}
		} finally {
			signal?.removeEventListener('abort', abort);
			this.#runs.delete(id);
			this.#send({type: 'abort', id});
			if (this.#runs.size === 0) this.#idle?.resolve();
		}
	}

	close(): Promise<void> {
		this.#closing ??= (async () => {
			this.#idle = createDeferred();
			if (this.#runs.size === 0) this.#idle.resolve();
			await this.#idle.promise;
			await this.destroy();
		})();
		return this.#closing;
	}

	async destroy(reason: unknown = closedError()): Promise<void> {
		this.#finish(reason);
		// It holds nothing that must be put away, and an exit would wait for what runs in native code.
		this.#child.kill('SIGKILL');
		await this.gone;
	}

	#take(response: TranslatorResponse): void {
		switch (response.type) {
			case 'opened':
				this.#opened.resolve();
				break;
			case 'refused':
				this.#opened.reject(fromFault(response.fault));
				break;
			case 'event': {
				const run = this.#runs.get(response.id);
				run?.events.push(response.event);
				run?.news.resolve();
				break;
			}
			case 'ended':
				endRun(this.#runs.get(response.id), {});
				break;
			case 'failed':
				endRun(this.#runs.get(response.id), {reason: fromFault(response.fault)});
		}
	}

	/** The first reason wins. */
	#finish(reason: unknown): void {
		this.#end ??= {reason};
		this.#opened.reject(this.#end.reason);
		for (const run of this.#runs.values()) endRun(run, this.#end);
	}

	#send(request: TranslatorRequest): void {
		// Where it is gone, that is told otherwise.
		if (this.#child.connected) this.#child.send(request, () => undefined);
	}
}

function endRun(run: Run | undefined, end: {readonly reason?: unknown}): void {
	if (run === undefined) return;
	run.end ??= end;
	run.news.resolve();
}

function closedError(): InfinisstError {
	return new InfinisstError('RESOURCE_CLOSED', 'The translator of recordings was closed');
}
