import {InfinisstError} from '../../../errors.js';
import {startThread, type ThreadHandle} from '../../../util/thread-call.js';
import type {TextModelOptions} from '../open-text-translator.js';
import type {
	SourceTurn,
	TextTranslation,
	TextTranslationChange,
	TextTranslationOptions,
	TextTranslator,
	TextTranslatorCapabilities,
	TextTurn,
} from '../text-translator.js';
import type {ForgetCall, TranslateAnswer, TranslateCall} from './text-calls.js';

/**
 * Loads a model that translates text into a thread of its own: onnxruntime blocks the thread that calls it, and the
 * caller's stays free.
 *
 * @throws {InfinisstError} as `openTextTranslator()`; `signal.reason`. Translations also throw `INTERNAL_FAULT` if the
 * thread died.
 */
export async function openThreadTextTranslator(
	options: TextModelOptions,
	signal?: AbortSignal,
): Promise<TextTranslator> {
	signal?.throwIfAborted();
	return connectTextTranslator(startThread(import.meta.resolve('./text-thread.js'), options), signal);
}

/**
 * @param thread - answers `textCalls()`; the translator's from now on, closed with it, and if it could not be opened.
 * @throws as {@link openThreadTextTranslator}.
 */
export async function connectTextTranslator(
	thread: ThreadHandle,
	signal?: AbortSignal,
): Promise<TextTranslator> {
	try {
		const capabilities = await thread.call('open', undefined, {signal});
		return new ThreadTextTranslator(thread, capabilities as TextTranslatorCapabilities);
	} catch (error) {
		await thread.close();
		throw error;
	}
}

class ThreadTextTranslator implements TextTranslator {
	readonly capabilities: TextTranslatorCapabilities;
	readonly #thread: ThreadHandle;
	readonly #running = new Set<Promise<unknown>>();
	#texts = 0;
	#closing: Promise<void> | undefined;

	constructor(thread: ThreadHandle, capabilities: TextTranslatorCapabilities) {
		this.#thread = thread;
		this.capabilities = capabilities;
	}

	open(options: TextTranslationOptions, state?: unknown): TextTranslation {
		const {model, pairs} = this.capabilities;
		if (this.#closing !== undefined) throw new InfinisstError('RESOURCE_CLOSED', `${model} was closed`);
		const {sourceLanguage, target} = options;
		if (pairs.get(sourceLanguage)?.includes(target) !== true) {
			throw new InfinisstError(
				'LANGUAGE_PAIR_UNSUPPORTED',
				`${model} does not translate ${sourceLanguage} into ${target}`,
				{hint: `It reads ${[...pairs.keys()].join(', ')}.`},
			);
		}
		return new ThreadTranslation((method, call, signal) => this.#call(method, call, signal), {
			text: this.#texts++,
			options,
			state,
		});
	}

	close(): Promise<void> {
		return (this.#closing ??= (async () => {
			await Promise.allSettled(this.#running);
			await this.#thread.close();
		})());
	}

	async #call(
		method: 'translate' | 'forget',
		call: TranslateCall | ForgetCall,
		signal: AbortSignal | undefined,
	): Promise<unknown> {
		const running = this.#thread.call(method, call, {signal});
		this.#running.add(running);
		try {
			return await running;
		} finally {
			this.#running.delete(running);
		}
	}
}

type Call = (
	method: 'translate' | 'forget',
	call: TranslateCall | ForgetCall,
	signal?: AbortSignal,
) => Promise<unknown>;

class ThreadTranslation implements TextTranslation {
	readonly #call: Call;
	readonly #text: number;
	#options: TextTranslationOptions;
	/** After the last turn that came back. */
	#state: unknown;
	/** Whether the thread has it in this state: not before the first turn, nor after one that was given up. */
	#isThere = false;
	#change: TextTranslationChange = {};

	constructor(
		call: Call,
		{
			text,
			options,
			state,
		}: {readonly text: number; readonly options: TextTranslationOptions; readonly state: unknown},
	) {
		this.#call = call;
		this.#text = text;
		this.#options = options;
		this.#state = state;
	}

	async translate(turn: SourceTurn, signal?: AbortSignal): Promise<TextTurn> {
		const opens = this.#isThere ? undefined : {options: this.#options, state: this.#state};
		const call: TranslateCall = {text: this.#text, turn, change: this.#change, opens};
		this.#change = {};
		this.#isThere = false;
		const answer = (await this.#call('translate', call, signal)) as TranslateAnswer;
		this.#isThere = true;
		this.#state = answer.state;
		return answer.turn;
	}

	change(change: TextTranslationChange): void {
		this.#options = {...this.#options, ...change};
		this.#change = {...this.#change, ...change};
	}

	checkpoint(): unknown {
		return this.#state;
	}

	close(): void {
		// Where the thread is gone, so is the text.
		this.#call('forget', {text: this.#text}).catch(() => undefined);
	}
}
