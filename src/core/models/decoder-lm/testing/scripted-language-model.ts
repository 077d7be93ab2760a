import {InfinisstError} from '../../../errors.js';
import type {LanguageModel, LanguageModelContext} from '../language-model.js';
import type {LanguageTokenizer} from '../language-tokenizer.js';

export interface ScriptedLanguageModelOptions {
	/** @returns what a model would write behind the tokens of a context: one token as text, or undefined to end. */
	readonly next: (written: readonly string[]) => string | undefined;
	/** Template of its dialogues. @default none: a base model */
	readonly chatTemplate?: string;
	/** Logit of what it would write, all others having 0. @default 3: as sure as a model is that can be talked out of it */
	readonly certainty?: number;
	/** Told of each step, before it is done. */
	readonly onStep?: (tokens: readonly number[], contextLength: number) => void;
}

/** What ends an answer. */
const END = 0;

/**
 * A language model without weights, for tests of whatever prompts one. Its tokens are words with the space before them,
 * line breaks, and `<steering>`; new ones get the next number.
 */
export function createScriptedLanguageModel({
	next,
	chatTemplate,
	certainty = 3,
	onStep,
}: ScriptedLanguageModelOptions): LanguageModel {
	const tokenizer = new ScriptedTokenizer();
	let isClosed = false;
	return {
		tokenizer,
		description: {
			architecture: 'scripted',
			vocabularySize: tokenizer.size,
			maxTokens: 1_000_000,
			beginToken: undefined,
			endTokens: [END],
			chatTemplate,
		},
		openContext: () => new ScriptedContext([]),
		// eslint-disable-next-line @typescript-eslint/require-await -- what it throws must be a rejection
		async step(context, tokens, {signal} = {}) {
			if (isClosed) throw new InfinisstError('RESOURCE_CLOSED', 'The model was closed');
			signal?.throwIfAborted();
			onStep?.(tokens, context.length);
			if (!(context instanceof ScriptedContext))
				throw new InfinisstError('INTERNAL_FAULT', 'No context of ours');
			const read = context.tokens;
			read.push(...tokens);
			const logits = new Float32Array(tokenizer.size);
			const written = next(read.map(token => tokenizer.textOf(token)));
			logits[written === undefined ? END : tokenizer.encode(written)[0]!] = certainty;
			return logits;
		},
		statistics: () => {
			throw new InfinisstError('INTERNAL_FAULT', 'A scripted model has no statistics');
		},
		close: () => {
			isClosed = true;
			return Promise.resolve();
		},
	};
}

class ScriptedContext implements LanguageModelContext {
	readonly tokens: number[];

	constructor(tokens: number[]) {
		this.tokens = tokens;
	}

	get length(): number {
		return this.tokens.length;
	}

	get byteLength(): number {
		return this.tokens.length;
	}

	dropSpan(from: number, to: number): void {
		this.tokens.splice(from, to - from);
	}

	fork(): LanguageModelContext {
		return new ScriptedContext([...this.tokens]);
	}

	destroy(): void {
		this.tokens.length = 0;
	}
}

/** Shared by all, as by copies of a real model: what one wrote into a checkpoint means the same to another. */
const STEERING = new Set<number>([END]);
const TEXTS = ['<end>'];
const IDS = new Map([['<end>', END]]);

class ScriptedTokenizer implements LanguageTokenizer {
	/** Room for the words of a long test. */
	readonly size = 4096;
	readonly steeringTokens: ReadonlySet<number> = STEERING;

	encode(text: string): number[] {
		return (text.match(/<\w+>|\n| ?[^\s<]+| /gu) ?? []).map(piece => this.#idOf(piece));
	}

	decode(tokens: readonly number[]): string {
		return tokens.map(token => (this.steeringTokens.has(token) ? '' : this.textOf(token))).join('');
	}

	bytes(token: number): Uint8Array {
		return new TextEncoder().encode(this.decode([token]));
	}

	find(written: string): number | undefined {
		return IDS.get(written);
	}

	openStream(): ReturnType<LanguageTokenizer['openStream']> {
		return {push: token => this.decode([token]), end: () => ''};
	}

	/** With steering tokens as they are written. */
	textOf(token: number): string {
		// Those that nobody wrote yet are words too.
		return TEXTS[token] ?? 'x';
	}

	#idOf(piece: string): number {
		const known = IDS.get(piece);
		if (known !== undefined) return known;
		const id = TEXTS.push(piece) - 1;
		IDS.set(piece, id);
		if (piece.startsWith('<')) STEERING.add(id);
		return id;
	}
}
