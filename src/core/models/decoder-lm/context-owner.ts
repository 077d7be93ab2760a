import {InfinisstError} from '../../errors.js';
import type {LanguageModelContext, StepOptions} from './language-model.js';

/** What a kind of model keeps for a context, and can do with it. */
export interface ContextStore<State extends {readonly length: number}> {
	add(): State;
	fork(state: State): State;
	remove(state: State): void;
	dropSpan(state: State, from: number, to: number): void;
	bytesOf(state: State): number;
	step(state: State, tokens: readonly number[], options: StepOptions | undefined): Promise<Float32Array>;
}

/** The rules of contexts, whatever a model keeps for them: nothing happens to one while a step of it runs. */
export class ContextOwner<State extends {readonly length: number}> {
	readonly #store: ContextStore<State>;
	readonly #maxTokens: number;
	readonly #states = new WeakMap<LanguageModelContext, State>();
	readonly #busy = new WeakSet<State>();
	readonly #leaving = new WeakSet<State>();
	#end: InfinisstError | undefined;

	constructor(store: ContextStore<State>, maxTokens: number) {
		this.#store = store;
		this.#maxTokens = maxTokens;
	}

	open(): LanguageModelContext {
		if (this.#end !== undefined) throw this.#end;
		return this.#wrap(this.#store.add());
	}

	async step(
		context: LanguageModelContext,
		tokens: readonly number[],
		options?: StepOptions,
	): Promise<Float32Array> {
		const state = this.#idle(context);
		if (tokens.length === 0) throw fault('A step of a language model was asked for without tokens');
		if (state.length + tokens.length > this.#maxTokens) {
			throw new InfinisstError(
				'LIMIT_EXCEEDED',
				`The text has ${state.length + tokens.length} tokens, more than the ${this.#maxTokens} the model can read`,
				{hint: 'Take old tokens out of the context first.'},
			);
		}
		this.#busy.add(state);
		try {
			return await this.#store.step(state, tokens, options);
		} finally {
			this.#busy.delete(state);
			if (this.#leaving.has(state) && this.#end === undefined) this.#store.remove(state);
		}
	}

	/** Contexts cannot be used any more. */
	close(reason: InfinisstError): void {
		this.#end ??= reason;
	}

	#wrap(state: State): LanguageModelContext {
		const context: LanguageModelContext = {
			get length() {
				return state.length;
			},
			get byteLength() {
				return store.bytesOf(state);
			},
			dropSpan: (from, to) => {
				this.#idle(context);
				const isSpan = Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to;
				if (!isSpan || to > state.length)
					throw fault(`The tokens ${from} to ${to} are no span of a context of ${state.length}`);
				if (from < to) store.dropSpan(state, from, to);
			},
			fork: () => this.#wrap(store.fork(this.#idle(context))),
			destroy: () => {
				if (!this.#states.delete(context) || this.#end !== undefined) return;
				if (this.#busy.has(state)) this.#leaving.add(state);
				else store.remove(state);
			},
		};
		const store = this.#store;
		this.#states.set(context, state);
		return context;
	}

	/** The state of a context of this model that nobody works with. */
	#idle(context: LanguageModelContext): State {
		if (this.#end !== undefined) throw this.#end;
		const state = this.#states.get(context);
		if (state === undefined)
			throw new InfinisstError(
				'RESOURCE_CLOSED',
				'The context is of another model, or was used after it was destroyed',
			);
		if (this.#busy.has(state)) throw fault('A context was used while a step of it runs');
		return state;
	}
}

function fault(message: string): InfinisstError {
	return new InfinisstError('INTERNAL_FAULT', message);
}
