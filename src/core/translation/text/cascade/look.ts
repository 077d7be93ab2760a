import type {GlossaryEntry} from '../../../engine/engine.js';
import {unitOfLanguage} from '../../../language/language-table.js';
import type {TranslationModel, TranslationRequest} from '../../../models/seq2seq/translation-model.js';
import type {SourceWord} from '../text-translator.js';
import {countTerm, findTerms, type FoundTerm} from './find-terms.js';
import {cutPieces, type WrittenToken} from './target-pieces.js';
import {attendedWords} from './word-spans.js';

/** A sentence that was closed, as context of the next. */
export interface ClosedSentence {
	readonly source: readonly string[];
	readonly target: readonly number[];
}

export interface LookOptions {
	readonly model: TranslationModel;
	readonly sourceLanguage: string;
	readonly target: string;
	readonly glossary: readonly GlossaryEntry[];
	readonly beams: number | undefined;
	/** Before the open sentence, which is translated as if it went on. */
	readonly context: readonly ClosedSentence[];
	/** The open sentence. */
	readonly words: readonly SourceWord[];
	/** Tokens of its translation that are settled. */
	readonly committed: readonly number[];
	readonly signal: AbortSignal | undefined;
}

/** What a look at the open sentence brought: its translation behind what is settled. */
export interface Look {
	readonly tokens: readonly WrittenToken[];
	/** Terms of the glossary in the sentence, and how many of them its translation has. */
	readonly terms: {readonly found: number; readonly honoured: number};
}

/** Nobody says so much more than was said before: a translation this long has lost itself. */
const MAX_TOKENS_PER_SOURCE_TOKEN = 2.5;

/** What steers the decoder, and one token to write. */
const LEAST_ROOM = 3;

/** Even a single word may become a few tokens. */
const FREE_TOKENS = 12;

/** No five tokens are written twice in a sentence (as in the agent, which InfiniSST's paper does too). */
const NO_REPEAT_NGRAM = 5;

/** Translates the open sentence anew behind what is settled of it, with the terms of the glossary. */
export async function lookAt(options: LookOptions): Promise<Look> {
	const {words, target, sourceLanguage} = options;
	const terms = findTerms(
		words.map(({text}) => text),
		options.glossary,
		sourceLanguage,
	);
	let tokens = await translate(options, []);
	// What is forced early in the sentence changes what follows, so each term may take a second try.
	for (let attempt = 0; attempt < 2 * terms.length; attempt++) {
		const prefixes = missingTerms(terms, textOf(options, tokens), target)
			.map(term => forceTerm(options, tokens, term))
			.filter(prefix => prefix !== undefined)
			.filter(prefix => prefix.some(({token}, place) => tokens[place]?.token !== token));
		if (prefixes.length === 0) break;
		tokens = await translate(
			options,
			prefixes.reduce((first, prefix) => (prefix.length < first.length ? prefix : first)),
		);
	}
	const missing = missingTerms(terms, textOf(options, tokens), target);
	return {tokens, terms: {found: terms.length, honoured: terms.length - missing.length}};
}

/** @param forced - tokens behind the settled ones that are not to change. */
async function translate(options: LookOptions, forced: readonly WrittenToken[]): Promise<WrittenToken[]> {
	const {model, sourceLanguage, target, committed, words, beams, signal} = options;
	const contexts = options.context.map((_, from) => options.context.slice(from));
	// As much context as the model has room for.
	for (const context of [...contexts, []]) {
		const before = context.flatMap(({source}) => source);
		const {tokens, wordOf} = model.tokenizer.encodeSource(
			[...before, ...words.map(({text}) => text)],
			sourceLanguage,
			target,
		);
		const forcedPrefix = [
			...context.flatMap(sentence => sentence.target),
			...committed,
			...forced.map(({token}) => token),
		];
		const maxTokens = Math.ceil(tokens.length * MAX_TOKENS_PER_SOURCE_TOKEN) + FREE_TOKENS;
		const isTooLong = Math.max(tokens.length, forcedPrefix.length + maxTokens) > model.maxTokens;
		if (isTooLong && context.length > 0) continue;
		// Nothing fits behind it: a sentence that has lost itself ends where it is.
		if (forcedPrefix.length + LEAST_ROOM > model.maxTokens) return [...forced];
		const request: TranslationRequest = {
			tokens:
				tokens.length > model.maxTokens ? [...tokens.slice(0, model.maxTokens - 1), tokens.at(-1)!] : tokens,
			target,
			forcedPrefix,
			// What is settled are whole words, and so are terms.
			prefixEndsWord: forcedPrefix.length > 0 && unitOfLanguage(target) === 'word',
			maxTokens,
			noRepeatNgram: NO_REPEAT_NGRAM,
			withAlignment: true,
			...(beams !== undefined && {beams}),
		};
		const [result] = await model.translate([request], signal);
		const {tokens: made, alignments, logProbabilities} = result!;
		const toWords = (weights: Float32Array | undefined): number[] | undefined =>
			weights && sumByWord(weights, wordOf, before.length, words.length);
		return [
			...forced,
			...made.map((token, place) => ({
				token,
				logProbability: logProbabilities[place]!,
				words: toWords(alignments?.[place]),
			})),
		];
	}
	return [];
}

/** Weights of source tokens, by word of the open sentence. */
function sumByWord(
	weights: Float32Array,
	wordOf: readonly (number | undefined)[],
	first: number,
	count: number,
): number[] {
	const sums = new Array<number>(count).fill(0);
	for (const [place, weight] of weights.entries()) {
		const word = wordOf[place];
		if (word !== undefined && word >= first) sums[word - first]! += weight;
	}
	return sums;
}

function textOf({model, committed}: LookOptions, tokens: readonly WrittenToken[]): string {
	return model.tokenizer.decodeTarget([...committed, ...tokens.map(({token}) => token)]);
}

/** Terms that stand more often in the source than what they shall become in the translation: the last of them. */
function missingTerms(terms: readonly FoundTerm[], text: string, target: string): FoundTerm[] {
	const left = new Map<string, number>();
	return terms.filter(({entry}) => {
		const count = left.get(entry.target) ?? countTerm(text, entry.target, target);
		left.set(entry.target, count - 1);
		return count <= 0;
	});
}

/** The translation up to where it looks at a term, and what the term shall become. */
function forceTerm(
	options: LookOptions,
	tokens: readonly WrittenToken[],
	term: FoundTerm,
): WrittenToken[] | undefined {
	const {model, committed, target, words} = options;
	const pieces = cutPieces(committed, tokens, target, all => model.tokenizer.decodeTarget(all));
	const isAt = (place: number): boolean => {
		const attended = attendedWords(pieces[place]!.tokens);
		return attended !== undefined && attended.from >= term.from && attended.to <= term.to;
	};
	const shareOf = (place: number): number => {
		const {tokens: own} = pieces[place]!;
		const sums = own.map(
			token => token.words?.slice(term.from, term.to + 1).reduce((sum, share) => sum + share, 0) ?? 0,
		);
		return sums.reduce((sum, share) => sum + share, 0) / own.length;
	};
	let best: number;
	if (tokens.some(token => token.words !== undefined)) {
		const shares = pieces.map((_, place) => shareOf(place));
		best = shares.indexOf(Math.max(...shares));
		// Less than half of what it would be by chance: nothing stands for the term.
		if (best < 0 || shares[best]! <= (term.to - term.from + 1) / words.length / 2) return undefined;
		// From the first word on that looks at nothing more than at the term.
		while (best > 0 && isAt(best - 1)) best--;
	} else {
		// A model that does not tell what it looks at: at the same place of the sentence.
		best = Math.min(pieces.length - 1, Math.floor((term.from / words.length) * pieces.length));
		if (best < 0) return undefined;
	}
	const before = pieces.slice(0, best).flatMap(piece => piece.tokens);
	const isFirst = committed.length + before.length === 0;
	const space = /^\s/.test(pieces[best]!.text) ? ' ' : '';
	const share = 1 / (term.to - term.from + 1);
	const own = words.map((_, place) => (place >= term.from && place <= term.to ? share : 0));
	const written = model.tokenizer.encodeTarget(`${space}${term.entry.target.trim()}`, !isFirst);
	return [...before, ...written.map(token => ({token, logProbability: 0, words: own}))];
}
