import {scriptsOf} from '../../../language/flores-codes.js';
import type {LanguageTokenizer} from '../../../models/decoder-lm/language-tokenizer.js';

/** Of InfiniSST's server (github.com/LeiLiLab/InfiniSST, serve/api.sh): `--repetition-penalty 1.2`, ... */
const REPETITION_PENALTY = 1.2;

/** ... `--no-repeat-ngram-size 5` ... */
const NGRAM_TOKENS = 5;

/** ... `--no-repeat-ngram-lookback 100`. The penalty looks as far back here: over an hour it would punish every word. */
export const LOOKBACK_TOKENS = 100;

/** Added to the logit that begins a term that is due, ... */
const TERM_BIAS = 4;

/** ... and to that which goes on with one that was begun: half a term is worse than none. */
const TERM_GOES_ON_BIAS = 12;

/** Of a vocabulary of 262 144 all that is so far below the likeliest has less than a thousandth together. */
const NEGLIGIBLE = 20;

/**
 * Tokens that are no language of the target, for `--suppress-non-language`: steering tokens, signs such as notes and
 * brackets of stage directions, and letters of scripts that the target is not written in.
 *
 * @param allowed - tokens that must stay, such as those that end an answer.
 */
export function findNonLanguageTokens(
	tokenizer: LanguageTokenizer,
	target: string,
	allowed: ReadonlySet<number>,
): Int32Array {
	const letters = scriptsOf(target)
		.map(script => `\\p{Script=${script}}`)
		.join('');
	// Marks, digits and punctuation belong to many scripts.
	const language = new RegExp(
		`^[${letters}\\p{M}\\p{N}\\p{Zs}\\p{Po}\\p{Pd}\\p{Pi}\\p{Pf}"'’()%€$£+\\n\\u{FFFD}]*$`,
		'u',
	);
	const decoder = new TextDecoder();
	const tokens: number[] = [];
	for (let token = 0; token < tokenizer.size; token++) {
		if (allowed.has(token)) continue;
		const bytes = tokenizer.bytes(token);
		if (bytes.length === 0 || !language.test(decoder.decode(bytes))) tokens.push(token);
	}
	return Int32Array.from(tokens);
}

/** Tokens that go on with a word: they begin with a letter. */
export interface WordPieces {
	/** Nothing but letters, as many as an ending may have. */
	readonly short: Int32Array;
	/** All others. */
	readonly long: Int32Array;
}

/** Such as -es or -en. */
const ENDING_LETTERS = 2;

export function findWordPieces(tokenizer: LanguageTokenizer): WordPieces {
	const decoder = new TextDecoder();
	const short: number[] = [];
	const long: number[] = [];
	for (let token = 0; token < tokenizer.size; token++) {
		const text = decoder.decode(tokenizer.bytes(token));
		if (!/^\p{L}/u.test(text)) continue;
		(/^\p{L}+$/u.test(text) && text.length <= ENDING_LETTERS ? short : long).push(token);
	}
	return {short: Int32Array.from(short), long: Int32Array.from(long)};
}

/** Makes tokens impossible. */
export function suppress(logits: Float32Array, tokens: Int32Array): void {
	for (const token of tokens) logits[token] = -Infinity;
}

/**
 * Makes tokens of the text before less likely, as Keskar et al. 2019 (CTRL) do, and those that would repeat an n-gram of
 * it impossible.
 *
 * @param written - the newest {@link LOOKBACK_TOKENS} tokens of the text.
 */
export function discourageRepetition(logits: Float32Array, written: readonly number[]): void {
	for (const token of new Set(written)) {
		const logit = logits[token]!;
		logits[token] = logit > 0 ? logit / REPETITION_PENALTY : logit * REPETITION_PENALTY;
	}
	const ending = written.slice(1 - NGRAM_TOKENS);
	if (ending.length < NGRAM_TOKENS - 1) return;
	for (let end = NGRAM_TOKENS - 1; end < written.length; end++) {
		const isRepeated = ending.every((token, index) => token === written[end - NGRAM_TOKENS + 1 + index]);
		if (isRepeated) logits[written[end]!] = -Infinity;
	}
}

/** Makes the terms that are due more likely. @param answer - written so far. */
export function encourageTerms(
	logits: Float32Array,
	terms: readonly {readonly tokens: readonly number[]; readonly mayBegin: boolean}[],
	answer: readonly number[],
): void {
	for (const {tokens: term, mayBegin} of terms) {
		let begun = Math.min(term.length - 1, answer.length);
		while (begun > 0 && !endsWith(answer, term.slice(0, begun))) begun--;
		const token = term[begun]!;
		const bias = begun > 0 ? TERM_GOES_ON_BIAS : mayBegin ? TERM_BIAS : 0;
		logits[token] = logits[token]! + bias;
	}
}

/** How near a token is to being the next: its logit less that of the likeliest, 0 at most. */
export function howNear(logits: Float32Array, token: number): number {
	let largest = -Infinity;
	for (const logit of logits) if (logit > largest) largest = logit;
	return logits[token]! - largest;
}

/** The likeliest token, and how likely it is after all that was done to its like. */
export function chooseToken(logits: Float32Array): {readonly token: number; readonly probability: number} {
	let token = 0;
	for (let index = 1; index < logits.length; index++) if (logits[index]! > logits[token]!) token = index;
	const largest = logits[token]!;
	let sum = 0;
	for (const logit of logits) if (logit > largest - NEGLIGIBLE) sum += Math.exp(logit - largest);
	return {token, probability: 1 / sum};
}

function endsWith(tokens: readonly number[], ending: readonly number[]): boolean {
	return ending.every((token, index) => tokens[tokens.length - ending.length + index] === token);
}
