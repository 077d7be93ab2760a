import type {GlossaryEntry, LatencyMultiplier} from '../../../engine/engine.js';
import {InfinisstError} from '../../../errors.js';
import type {TranslationModel} from '../../../models/seq2seq/translation-model.js';
import {endsSentence} from '../../sentence-end.js';
import type {
	SourceTurn,
	SourceWord,
	TargetWord,
	TextTranslation,
	TextTranslationChange,
	TextTranslationOptions,
	TextTurn,
} from '../text-translator.js';
import {lookAt, type ClosedSentence, type Look} from './look.js';
import {cutPieces, sentenceGap, splitUnits, type TargetPiece, type WrittenToken} from './target-pieces.js';
import {attendedWords, spanOf, type Span} from './word-spans.js';

export interface CascadeSettings {
	/**
	 * Closed sentences that are read, with their translations, before the open one. Models that were trained on single
	 * sentences, as most are, lose more than they gain.
	 *
	 * @default 0
	 */
	readonly contextSentences?: number;
	/** Sequences that compete at each look. @default what the model's makers recommend */
	readonly beams?: number;
	/** Told of each term of a glossary that was said, when its sentence is closed: whether it was written as asked for. */
	readonly onTerm?: (isKept: boolean) => void;
}

/** New words that are waited for before a look, by latency multiplier. A look costs the same for one word as for ten. */
const WORDS_PER_LOOK: Readonly<Record<LatencyMultiplier, number>> = {1: 1, 2: 2, 3: 3, 4: 5};

/** Words at the end of what two looks agree on that are not settled yet: the last may still grow, and become another. */
const HELD_WORDS: Readonly<Record<LatencyMultiplier, number>> = {1: 1, 2: 1, 3: 2, 4: 2};

/** A sentence that is longer is closed where it is: speech recognition has lost its marks, and models lose the thread. */
const MAX_SENTENCE_CHARACTERS = 400;

/** Everything that a text's translation depends on; plain data. */
interface CascadeState {
	/** Words of the open sentence. */
	readonly words: readonly SourceWord[];
	/** Tokens of its translation that are settled. */
	readonly committed: readonly number[];
	/** Pieces that the last look saw behind them. */
	readonly previous: readonly string[];
	/** Words that came since the last look. */
	readonly unseen: number;
	readonly tail: string;
	readonly context: readonly ClosedSentence[];
	/** Of the last word told. */
	readonly span: Span;
	readonly terms: TermUse;
}

/** How often a glossary was of use: counted when a sentence is closed. */
export interface TermUse {
	/** Terms that were said. */
	readonly found: number;
	/** Those whose translation was written as asked for. */
	readonly honoured: number;
}

const EMPTY_STATE: CascadeState = {
	words: [],
	committed: [],
	previous: [],
	unseen: 0,
	tail: '',
	context: [],
	span: {startMs: 0, endMs: 0},
	terms: {found: 0, honoured: 0},
};

/**
 * Translates a text as it grows, by a model that translates whole sentences: the open sentence is translated anew as
 * words come, with what is settled of its translation forced to its beginning. Settled is what two looks in a row agree
 * on (local agreement, Liu, Spanakis, Niehues 2020, arXiv 2005.11185), in whole words. The end of a sentence settles all
 * of it. Depends on the turns alone.
 */
export class IncrementalCascade implements TextTranslation {
	readonly #model: TranslationModel;
	readonly #settings: CascadeSettings;
	readonly #sourceLanguage: string;
	readonly #target: string;
	#multiplier: LatencyMultiplier;
	#glossary: readonly GlossaryEntry[];
	#state: CascadeState;
	#isClosed = false;

	/** @param state - of {@link checkpoint}. */
	constructor(
		model: TranslationModel,
		{sourceLanguage, target, latencyMultiplier, glossary}: TextTranslationOptions,
		settings: CascadeSettings = {},
		state?: unknown,
	) {
		this.#model = model;
		this.#settings = settings;
		this.#sourceLanguage = sourceLanguage;
		this.#target = target;
		this.#multiplier = latencyMultiplier;
		this.#glossary = glossary;
		this.#state = (state as CascadeState | undefined) ?? EMPTY_STATE;
	}

	/** Of all sentences that were closed: the glossary's hit rate. */
	get terms(): TermUse {
		return this.#state.terms;
	}

	async translate(turn: SourceTurn, signal?: AbortSignal): Promise<TextTurn> {
		signal?.throwIfAborted();
		if (this.#isClosed) throw new InfinisstError('RESOURCE_CLOSED', 'This translation was closed');
		const told: TargetWord[] = [];
		let state = this.#state;
		for (const word of turn.words) {
			state = {...state, words: [...state.words, word], unseen: state.unseen + 1};
			const length = state.words.reduce((sum, {text}) => sum + text.length, 0);
			const isFull = length >= MAX_SENTENCE_CHARACTERS;
			if (endsSentence(word.text.trim()) || isFull) state = await this.#closeSentence(state, told, signal);
		}
		if (turn.closes) state = await this.#closeSentence(state, told, signal);
		else if (state.unseen >= WORDS_PER_LOOK[this.#multiplier]) state = await this.#look(state, told, signal);
		// Only now: a call that was given up has changed nothing.
		this.#tellTerms(this.#state.terms, state.terms);
		this.#state = state;
		return {words: told, tail: state.tail};
	}

	change({latencyMultiplier, glossary}: TextTranslationChange): void {
		this.#multiplier = latencyMultiplier ?? this.#multiplier;
		this.#glossary = glossary ?? this.#glossary;
	}

	checkpoint(): unknown {
		return this.#state;
	}

	close(): void {
		this.#isClosed = true;
	}

	/** Translates the open sentence to its end; all of it is settled. */
	async #closeSentence(
		state: CascadeState,
		told: TargetWord[],
		signal: AbortSignal | undefined,
	): Promise<CascadeState> {
		if (state.words.length === 0) return {...state, tail: ''};
		const {tokens, terms} = await this.#lookAt(state, signal);
		const span = this.#tell(this.#cut(state, tokens), state, tokens, told);
		const sentence: ClosedSentence = {
			source: state.words.map(({text}) => text),
			target: [...state.committed, ...tokens.map(({token}) => token)],
		};
		const kept = this.#settings.contextSentences ?? 0;
		return {
			...EMPTY_STATE,
			context: kept === 0 ? [] : [...state.context, sentence].slice(-kept),
			span,
			terms: {
				found: state.terms.found + terms.found,
				honoured: state.terms.honoured + terms.honoured,
			},
		};
	}

	/** Translates the open sentence as far as it goes, and settles what is as it was at the last look. */
	async #look(
		state: CascadeState,
		told: TargetWord[],
		signal: AbortSignal | undefined,
	): Promise<CascadeState> {
		const {tokens} = await this.#lookAt(state, signal);
		const pieces = this.#cut(state, tokens);
		const settled = this.#countSettled(pieces, state.previous);
		const span = this.#tell(pieces.slice(0, settled), state, tokens, told);
		const rest = pieces.slice(settled);
		const committed = pieces.slice(0, settled).flatMap(piece => piece.tokens.map(({token}) => token));
		const gap = state.committed.length + committed.length === 0 ? sentenceGap(this.#target) : '';
		const tail = rest.map(({text}) => text).join('');
		return {
			...state,
			committed: [...state.committed, ...committed],
			previous: rest.map(({text}) => text),
			unseen: 0,
			tail: tail === '' ? '' : gap + tail,
			span,
		};
	}

	#lookAt({words, committed, context}: CascadeState, signal: AbortSignal | undefined): Promise<Look> {
		return lookAt({
			model: this.#model,
			sourceLanguage: this.#sourceLanguage,
			target: this.#target,
			glossary: this.#glossary,
			beams: this.#settings.beams,
			context,
			words,
			committed,
			signal,
		});
	}

	#cut({committed}: CascadeState, tokens: readonly WrittenToken[]): TargetPiece[] {
		return cutPieces(committed, tokens, this.#target, all => this.#model.tokenizer.decodeTarget(all));
	}

	#tellTerms(before: TermUse, now: TermUse): void {
		const said = now.found - before.found;
		const kept = now.honoured - before.honoured;
		for (let term = 0; term < said; term++) this.#settings.onTerm?.(term < kept);
	}

	/** How many of the pieces are as they were, and may be told. */
	#countSettled(pieces: readonly TargetPiece[], previous: readonly string[]): number {
		let count = 0;
		while (count < pieces.length && pieces[count]!.text === previous[count]) count++;
		// The last of them may grow by what follows, and what ends a sentence that the speaker goes on with was a guess.
		const end = pieces.findIndex(({text}) => endsSentence(text.trim()));
		return Math.max(
			0,
			Math.min(count, pieces.length - HELD_WORDS[this.#multiplier], end < 0 ? Infinity : end),
		);
	}

	/** Turns pieces into words with their spans. @returns the span of the last word told so far. */
	#tell(
		pieces: readonly TargetPiece[],
		{words, committed, span}: CascadeState,
		tokens: readonly WrittenToken[],
		told: TargetWord[],
	): Span {
		let last = span;
		let passed = 0;
		let gap = committed.length === 0 ? sentenceGap(this.#target) : '';
		for (const piece of pieces) {
			const middle = passed + piece.tokens.length / 2;
			passed += piece.tokens.length;
			last = spanOf(
				words,
				attendedWords(piece.tokens) ??
					samePlace(committed.length + middle, committed.length + tokens.length, words.length),
				last,
			);
			const probability = meanProbability(piece.tokens);
			for (const unit of splitUnits(piece.text, this.#target)) {
				told.push({text: gap + unit, ...last, probability});
				gap = '';
			}
		}
		return last;
	}
}

/** The word at the same place of a sentence, where a model does not tell what it looked at. */
function samePlace(place: number, length: number, words: number): {from: number; to: number} {
	const word = Math.min(words - 1, Math.floor((place / Math.max(1, length)) * words));
	return {from: word, to: word};
}

function meanProbability(tokens: readonly WrittenToken[]): number {
	if (tokens.length === 0) return 1;
	return tokens.reduce((sum, {logProbability}) => sum + Math.exp(logProbability), 0) / tokens.length;
}
