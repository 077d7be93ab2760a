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
import {TermPlaces, type MissingTerm} from './term-places.js';
import {
	chooseToken,
	discourageRepetition,
	encourageTerms,
	howNear,
	LOOKBACK_TOKENS,
	suppress,
	type WordPieces,
} from './token-rules.js';

/** Tokens a turn may bring for each step of the multiplier: `--max-new-tokens 10` of InfiniSST's server. */
const TOKENS_PER_TURN = 10;

/** Words that are put to a model which was not tuned on bits of sentences, unless a clause ends before, a step. */
const WORDS_PER_TURN = 5;

/** More words are put to the model one part after the other: a turn leaves the cache as a whole, or not at all. */
const MOST_WORDS = 40;

/** No clause is shorter: "And," alone is translated badly. */
const LEAST_WORDS = 3;

/** An answer longer than this, by tokens of what it translates, goes astray; it is ended. */
const LONGEST_ANSWER = 4;

const CLAUSE_END = /[,;:.?!…。，、；：？！—]["'”’»)\]]*$/u;

/** A term begins no earlier in an answer than it was said, but for this share of it: else nothing is said before it. */
const MOST_AHEAD = 0.35;

/** Logits that a place is the further for a term, if it is a whole answer away from where the term was said. */
const FAR_PENALTY = 8;

/** Where a model writes less than this of what it wrote before behind a term that was put in, that comes back. */
const LEAST_REST = 0.5;

/** A term that was said, and where in what an answer translates, 0 to 1. */
interface DueTerm {
	readonly term: string;
	readonly share: number;
}

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
	readonly wordPieces: () => WordPieces;
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
	/** How often turns have left the context. */
	#slides = 0;

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
		const slides = this.#slides;
		try {
			return await this.#translate(turn, signal);
		} catch (error) {
			this.#state = state;
			this.#forgetBehind(this.#slides === slides ? length : undefined);
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
			this.#slide();
		}
		return {words: told, tail: closes ? '' : tail};
	}

	/** Puts what waits to the model, if it is worth it. */
	#ask(closes: boolean): boolean {
		const {waiting, unread} = this.#state;
		const count = closes && waiting.length <= MOST_WORDS ? waiting.length : this.#countReady();
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
		const waiting = this.#state.waiting.slice(0, MOST_WORDS);
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
		// What stood behind the place of a term that was put in: it comes back if the model has less to say there.
		let rest: {readonly at: number; readonly tokens: readonly AnswerToken[]} | undefined;
		let isOver = false;
		for (let count = 0; count < budget && !isOver; count++) {
			const logits = await this.#read(signal);
			const {tokens} = this.#state.answer!;
			const missing = this.#missing(terms);
			const nearness = missing.map(
				term => howNear(logits, term.tokens[0]!) - FAR_PENALTY * Math.abs(term.ahead),
			);
			discourageRepetition(logits, this.#state.written);
			encourageTerms(
				logits,
				missing.map(({tokens, ahead}) => ({tokens, mayBegin: ahead < MOST_AHEAD})),
				tokens.map(({token}) => token),
			);
			suppress(logits, suppressed);
			this.#keepWhole(logits, terms);
			const {token, probability} = this.#choose(logits);
			const isEnd = tokens.length >= limit || this.#isEnd(token);
			if (isEnd || this.#beginsWord(token)) places.note(tokens.length, missing, nearness);
			if (!isEnd) {
				this.#write(tokens, [{token, probability}]);
				continue;
			}
			const skipped = places.take();
			if (rest !== undefined && tokens.length - rest.at < rest.tokens.length * LEAST_REST) {
				this.#rewrite(rest.at, rest.tokens);
				rest = undefined;
			} else if (skipped === undefined) {
				isOver = true;
			} else {
				const put = skipped.tokens.map(id => ({token: id, probability: 1}));
				rest = {at: skipped.at + put.length, tokens: tokens.slice(skipped.at)};
				this.#rewrite(skipped.at, put);
			}
		}
		if (isOver) this.#update({answer: {...this.#state.answer!, isOver}});
		return isOver;
	}

	#choose(logits: Float32Array): AnswerToken {
		let choice = chooseToken(logits);
		// A line break before any word is no end: some models begin with one, and go on with the dialogue by themselves.
		while (this.#state.answer!.tokens.length === 0 && this.#isStop(choice.token)) {
			logits[choice.token] = -Infinity;
			choice = chooseToken(logits);
		}
		return choice;
	}

	#isEnd(token: number): boolean {
		return this.#parts.model.description.endTokens.includes(token) || this.#isStop(token);
	}

	#isStop(token: number): boolean {
		const {model, dialogue} = this.#parts;
		return dialogue.stop !== undefined && model.tokenizer.decode([token]).includes(dialogue.stop);
	}

	/** Whether what was written before a token is a whole word. */
	#beginsWord(token: number): boolean {
		if (!this.#isSpaced) return true;
		return /^[\s\p{P}]/u.test(new TextDecoder().decode(this.#parts.model.tokenizer.bytes(token)));
	}

	/** Puts tokens in place of those of the answer from one of them on; the model goes on behind them. */
	#rewrite(at: number, tokens: readonly AnswerToken[]): void {
		const {cached, written, answer} = this.#state;
		const dropped = answer!.tokens.length - at;
		// All of the answer is in the cache: the model was just asked what follows it.
		const end = cached.length - dropped;
		this.#context?.dropSpan(this.#parts.dialogue.head.length + end, this.#context.length);
		this.#update({
			cached: cached.slice(0, end),
			written: written.slice(0, Math.max(0, written.length - dropped)),
		});
		this.#write(answer!.tokens.slice(0, at), tokens);
	}

	/** Lets no other word grow out of a term that was just written, endings apart. */
	#keepWhole(logits: Float32Array, terms: readonly DueTerm[]): void {
		if (!this.#isSpaced) return;
		const text = this.#answerText().toLowerCase();
		for (const {term} of terms) {
			const at = text.lastIndexOf(term.toLowerCase());
			const ending = at < 0 ? undefined : /^\p{L}*$/u.exec(text.slice(at + term.length))?.[0];
			if (ending === undefined) continue;
			suppress(logits, this.#parts.wordPieces().long);
			if (ending !== '') suppress(logits, this.#parts.wordPieces().short);
		}
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
		for (const {term} of this.#dueTerms(answer!.source)) {
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
		this.#slides++;
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
	#dueTerms(source: readonly SourceWord[]): readonly DueTerm[] {
		const {glossary, sourceLanguage} = this.#options;
		const words = source.map(({text}) => text);
		const due = new Map<string, DueTerm>();
		for (const {entry, from} of findTerms(words, glossary, sourceLanguage)) {
			const share = words.slice(0, from).join('').length / words.join('').length;
			if (!due.has(entry.target)) due.set(entry.target, {term: entry.target, share});
		}
		return [...due.values()];
	}

	/** Those of the terms that the answer does not have, as they would be written next. */
	#missing(terms: readonly DueTerm[]): readonly (MissingTerm & {readonly ahead: number})[] {
		if (terms.length === 0) return [];
		const text = this.#answerText();
		const {model, dialogue} = this.#parts;
		const {tokens: written, source} = this.#state.answer!;
		const progress = text.length / (join(source).length * this.#ratio);
		const encode = (space: string, term: string): readonly number[] =>
			model.tokenizer.encode(space + term, {continues: true});
		return terms
			.filter(({term}) => !hasTerm(text, term, this.#target))
			.map(({term, share}) => {
				const first = encode(dialogue.space, term);
				const isBegun = written.every(({token}, place) => token === first[place]);
				const ahead = share - Math.min(1, progress);
				return {term, ahead, tokens: isBegun ? first : encode(this.#isSpaced ? ' ' : '', term)};
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
