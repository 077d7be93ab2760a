import {findLanguage} from '../../../language/language-table.js';
import type {LanguageModel, LanguageModelContext} from '../../../models/decoder-lm/language-model.js';
import type {
	SourceTurn,
	SourceWord,
	TargetWord,
	TextTranslation,
	TextTranslationChange,
	TextTranslationOptions,
	TextTurn,
} from '../text-translator.js';
import {countBegunWords, findTerms, hasTerm} from '../cascade/find-terms.js';
import {takeWords, type Answer, type AnswerToken} from './answer-words.js';
import {TermPlaces, type MissingTerm, type TermPlace} from './term-places.js';
import {
	chooseToken,
	discourageRepetition,
	encourageTerms,
	howNear,
	LOOKBACK_TOKENS,
	suppress,
} from './token-rules.js';

/** Tokens a turn may bring for each step of the multiplier: `--max-new-tokens 10` of InfiniSST's server. */
const TOKENS_PER_TURN = 10;

/** Words that are put to a model which was not tuned on bits of sentences, unless a clause ends before, a step. */
const WORDS_PER_TURN = 5;

/** No clause is shorter: "And," alone is translated badly. */
const LEAST_WORDS = 3;

/** An answer longer than this, by tokens of what it translates, goes astray; it is ended. */
const LONGEST_ANSWER = 4;

const CLAUSE_END = /[,;:.?!…。，、；：？！—]["'”’»)\]]*$/u;

/** The dialogue's fixed pieces, as tokens. */
export interface DialogueTokens {
	readonly head: readonly number[];
	readonly middle: readonly number[];
	readonly next: readonly number[];
	readonly stop: string | undefined;
	readonly space: string;
}

export interface AgentParts {
	readonly model: LanguageModel;
	readonly dialogue: DialogueTokens;
	/** Never written. */
	readonly suppressed: Int32Array;
	/** Cache of the instruction and the newest turns. */
	readonly maxCacheTokens: number;
	/** Opens a context that has read the head. */
	readonly openContext: (signal?: AbortSignal) => Promise<LanguageModelContext>;
	/** Told of each term of a glossary that was due in an answer, and whether it was kept to. */
	readonly onTerm: (isKept: boolean) => void;
}

/** The dialogue between two turns; plain data. Replaced as a whole, so that a turn given up leaves no trace. */
interface AgentState {
	/** What the context holds behind the head. */
	readonly cached: readonly number[];
	/** Tokens of each turn that is over, the oldest first; what remains of `cached` is the open turn. */
	readonly turns: readonly number[];
	/** To be read before the next token can be chosen. */
	readonly unread: readonly number[];
	/** Said, and not yet put to the model. */
	readonly waiting: readonly SourceWord[];
	readonly answer: Answer | undefined;
	/** The newest tokens of the text. */
	readonly written: readonly number[];
	/** Characters of all sources and answers so far. */
	readonly sourceLength: number;
	readonly answerLength: number;
	/** Where the last word was said. */
	readonly startMs: number;
	readonly endMs: number;
}

const BEGIN: AgentState = {
	cached: [],
	turns: [],
	unread: [],
	waiting: [],
	answer: undefined,
	written: [],
	sourceLength: 0,
	answerLength: 0,
	startMs: 0,
	endMs: 0,
};

/**
 * Translates a talk as one dialogue that never ends (InfiniSST: Ouyang, Xu, Li, ACL Findings 2025): the instruction
 * stays in the cache, each turn adds what was said since and its translation, and when the cache is full the oldest turns
 * leave it without anything being computed again; so an hour costs what a minute costs.
 */
export class AgentTranslation implements TextTranslation {
	readonly #parts: AgentParts;
	readonly #target: string;
	#options: TextTranslationOptions;
	#state: AgentState;
	#context: LanguageModelContext | undefined;
	#isClosed = false;

	constructor(parts: AgentParts, options: TextTranslationOptions, state: unknown) {
		this.#parts = parts;
		this.#target = options.target;
		this.#options = options;
		this.#state = (state as AgentState | undefined) ?? BEGIN;
	}

	async translate(turn: SourceTurn, signal?: AbortSignal): Promise<TextTurn> {
		signal?.throwIfAborted();
		const state = this.#state;
		const length = this.#context?.length;
		try {
			return await this.#translate(turn, signal);
		} catch (error) {
			this.#state = state;
			this.#forgetBehind(length);
			throw error;
		}
	}

	change(change: TextTranslationChange): void {
		this.#options = {...this.#options, ...change};
	}

	checkpoint(): unknown {
		return this.#state;
	}

	close(): void {
		this.#isClosed = true;
		this.#context?.destroy();
		this.#context = undefined;
	}

	/** @param length - of the context that remains; undefined if there was none. */
	#forgetBehind(length: number | undefined): void {
		if (length === undefined) {
			this.#context?.destroy();
			this.#context = undefined;
		} else if (this.#context !== undefined && this.#context.length > length) {
			this.#context.dropSpan(length, this.#context.length);
		}
	}

	async #translate({words, closes}: SourceTurn, signal: AbortSignal | undefined): Promise<TextTurn> {
		this.#update({waiting: [...this.#state.waiting, ...words]});
		const told: TargetWord[] = [];
		// Nothing may be left when a turn closes; what keeps it short then is the limit of an answer.
		let budget = closes ? Infinity : TOKENS_PER_TURN * this.#options.latencyMultiplier;
		let tail = '';
		for (;;) {
			if (this.#state.answer === undefined && (budget <= 0 || !this.#ask(closes))) break;
			const written = this.#state.answer!.tokens.length;
			const isOver = await this.#answer(budget, signal);
			budget -= this.#state.answer!.tokens.length - written;
			const taken = takeWords(this.#state.answer!, {
				text: this.#answerText(),
				target: this.#target,
				ratio: this.#ratio,
			});
			told.push(...this.#place(taken.words));
			tail = taken.tail;
			if (!isOver) {
				this.#update({answer: {...this.#state.answer!, told: taken.told}});
				break;
			}
			this.#endAnswer();
		}
		this.#slide();
		return {words: told, tail: closes ? '' : tail};
	}

	/** Puts what waits to the model, if it is worth it. */
	#ask(closes: boolean): boolean {
		const {waiting, unread} = this.#state;
		const count = closes ? waiting.length : this.#countReady();
		if (count === 0) return false;
		const {middle, space} = this.#parts.dialogue;
		const source = waiting.slice(0, count);
		const text = source
			.map(word => word.text)
			.join('')
			.trim();
		const said = this.#parts.model.tokenizer.encode(space + text, {continues: true});
		this.#update({
			waiting: waiting.slice(count),
			unread: [...unread, ...said, ...middle],
			answer: {source, tokens: [], told: 0, isOver: false},
		});
		return true;
	}

	/** Words up to the last end of a clause, or all of them when they are many, but for a term that was only begun. */
	#countReady(): number {
		const {waiting} = this.#state;
		for (let count = waiting.length; count >= LEAST_WORDS; count--) {
			if (CLAUSE_END.test(waiting[count - 1]!.text.trim())) return count;
		}
		if (waiting.length < WORDS_PER_TURN * this.#options.latencyMultiplier) return 0;
		const {glossary, sourceLanguage} = this.#options;
		const begun = countBegunWords(
			waiting.map(({text}) => text),
			glossary,
			sourceLanguage,
		);
		// Who says nothing but beginnings of terms is not waited for.
		return begun === waiting.length ? waiting.length : waiting.length - begun;
	}

	/** Lets the model write on. @returns whether the answer is over. */
	async #answer(budget: number, signal: AbortSignal | undefined): Promise<boolean> {
		const {model, suppressed} = this.#parts;
		const {source, tokens: before} = this.#state.answer!;
		const terms = this.#dueTerms(source);
		const limit = LONGEST_ANSWER * model.tokenizer.encode(join(source)).length + TOKENS_PER_TURN;
		// Words before may have been told.
		const places = new TermPlaces(before.length);
		let isOver = false;
		for (let count = 0; count < budget && !isOver; count++) {
			const logits = await this.#read(signal);
			const {tokens} = this.#state.answer!;
			const missing = this.#missing(terms);
			const nearness = missing.map(term => howNear(logits, term.tokens[0]!));
			discourageRepetition(logits, this.#state.written);
			encourageTerms(
				logits,
				missing.map(term => term.tokens),
				tokens.map(({token}) => token),
			);
			suppress(logits, suppressed);
			const {token, probability} = chooseToken(logits);
			const isEnd = tokens.length >= limit || this.#isEnd(token);
			if (isEnd || this.#beginsWord(token)) places.note(tokens.length, missing, nearness);
			if (!isEnd) {
				this.#write(tokens, [{token, probability}]);
				continue;
			}
			const skipped = places.take();
			if (skipped === undefined) isOver = true;
			else this.#force(skipped);
		}
		if (isOver) this.#update({answer: {...this.#state.answer!, isOver}});
		return isOver;
	}

	#isEnd(token: number): boolean {
		const {model, dialogue} = this.#parts;
		if (model.description.endTokens.includes(token)) return true;
		// A line break before any word is no end: some models begin with one.
		const {stop} = dialogue;
		return (
			stop !== undefined &&
			model.tokenizer.decode([token]).includes(stop) &&
			this.#state.answer!.tokens.length > 0
		);
	}

	/** Whether what was written before a token is a whole word. */
	#beginsWord(token: number): boolean {
		if (!this.#isSpaced) return true;
		return /^[\s\p{P}]/u.test(new TextDecoder().decode(this.#parts.model.tokenizer.bytes(token)));
	}

	/** Writes a term that the model passed over where it came nearest to it; what followed is written anew. */
	#force({at, tokens}: TermPlace): void {
		const kept = this.#state.answer!.tokens.slice(0, at);
		const dropped = this.#state.answer!.tokens.length - at;
		const {cached, written} = this.#state;
		// All of the answer but its last token is in the cache, and that one too if it was read to no avail.
		const end = cached.length - dropped;
		this.#context?.dropSpan(this.#parts.dialogue.head.length + end, this.#context.length);
		this.#update({
			cached: cached.slice(0, end),
			written: written.slice(0, Math.max(0, written.length - dropped)),
		});
		this.#write(
			kept,
			tokens.map(token => ({token, probability: 1})),
		);
	}

	#write(before: readonly AnswerToken[], more: readonly AnswerToken[]): void {
		const tokens = more.map(({token}) => token);
		this.#update({
			unread: tokens,
			answer: {...this.#state.answer!, tokens: [...before, ...more]},
			written: [...this.#state.written, ...tokens].slice(-LOOKBACK_TOKENS),
		});
	}

	async #read(signal: AbortSignal | undefined): Promise<Float32Array> {
		const {model, openContext} = this.#parts;
		const {cached, unread} = this.#state;
		if (this.#context === undefined) {
			const context = await openContext(signal);
			// Nobody would free it.
			if (this.#isClosed) context.destroy();
			this.#context = context;
			if (cached.length > 0) await model.step(context, cached, {signal});
		}
		const logits = await model.step(this.#context, unread, {signal});
		this.#update({cached: [...cached, ...unread], unread: []});
		return logits;
	}

	#endAnswer(): void {
		const {answer, cached, unread, turns, sourceLength, answerLength} = this.#state;
		const passed = turns.reduce((sum, length) => sum + length, 0);
		for (const term of this.#dueTerms(answer!.source)) {
			this.#parts.onTerm(hasTerm(this.#answerText(), term, this.#target));
		}
		const rest = [...unread, ...this.#parts.dialogue.next];
		this.#update({
			answer: undefined,
			unread: rest,
			turns: [...turns, cached.length + rest.length - passed],
			sourceLength: sourceLength + join(answer!.source).length,
			answerLength: answerLength + this.#answerText().length,
		});
	}

	/** Lets the oldest turns leave a cache that has grown too large. */
	#slide(): void {
		const {head} = this.#parts.dialogue;
		const {turns, cached} = this.#state;
		let left = 0;
		let leaving = 0;
		while (leaving < turns.length - 1 && head.length + cached.length - left > this.#parts.maxCacheTokens) {
			left += turns[leaving++]!;
		}
		if (left === 0) return;
		this.#context?.dropSpan(head.length, head.length + left);
		this.#update({cached: cached.slice(left), turns: turns.slice(leaving)});
	}

	/** Words never go back in time. */
	#place(words: readonly TargetWord[]): TargetWord[] {
		return words.map(word => {
			const startMs = Math.max(word.startMs, this.#state.startMs);
			const endMs = Math.max(word.endMs, this.#state.endMs, startMs);
			this.#update({startMs, endMs});
			return {...word, startMs, endMs};
		});
	}

	get #ratio(): number {
		const {answerLength, sourceLength} = this.#state;
		return sourceLength === 0 ? 1 : answerLength / sourceLength;
	}

	#answerText(): string {
		const tokens = this.#state.answer!.tokens.map(({token}) => token);
		// Half a character is not told.
		const text = this.#parts.model.tokenizer.decode(tokens);
		return this.#state.answer!.isOver ? text : text.replace(/\u{FFFD}+$/u, '');
	}

	/** What terms of the glossary that were said shall become; each once. */
	#dueTerms(source: readonly SourceWord[]): readonly string[] {
		const {glossary, sourceLanguage} = this.#options;
		const found = findTerms(
			source.map(({text}) => text),
			glossary,
			sourceLanguage,
		);
		return [...new Set(found.map(({entry}) => entry.target))];
	}

	/** Those of the terms that the answer does not have, as they would be written next. */
	#missing(terms: readonly string[]): readonly MissingTerm[] {
		if (terms.length === 0) return [];
		const text = this.#answerText();
		const {model, dialogue} = this.#parts;
		const written = this.#state.answer!.tokens;
		const encode = (space: string, term: string): readonly number[] =>
			model.tokenizer.encode(space + term, {continues: true});
		return terms
			.filter(term => !hasTerm(text, term, this.#target))
			.map(term => {
				const first = encode(dialogue.space, term);
				const isBegun = written.every(({token}, place) => token === first[place]);
				return {term, tokens: isBegun ? first : encode(this.#isSpaced ? ' ' : '', term)};
			});
	}

	get #isSpaced(): boolean {
		return findLanguage(this.#target)?.joinsWithoutSpaces !== true;
	}

	#update(change: Partial<AgentState>): void {
		this.#state = {...this.#state, ...change};
	}
}

function join(words: readonly SourceWord[]): string {
	return words.map(({text}) => text).join('');
}
