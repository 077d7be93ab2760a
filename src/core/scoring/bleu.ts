import {type BleuTokenizer, tokenizeForBleu} from './bleu-tokenizers.js';
import {countCommon, countNgrams} from './ngram-counts.js';
import {assertParallel} from './parallel-lines.js';
import {SACREBLEU_VERSION} from './sacrebleu-version.js';

const MAX_ORDER = 4;

/** Stands for log(0) in the reference; the score it leads to is 0 for any text of sensible length. */
const LOG_OF_ZERO = -9_999_999_999;

export interface BleuOptions {
	/** @default '13a' */
	readonly tokenizer?: BleuTokenizer;
	/** Whether case is ignored. @default false */
	readonly lowercase?: boolean;
	/**
	 * Whether orders without any n-gram are left out of the mean: for single sentences.
	 * @default false for a corpus, true for a sentence
	 */
	readonly effectiveOrder?: boolean;
}

export interface BleuScore {
	/** 0..100. */
	readonly score: number;
	/** N-grams of order 1 to 4 that the reference has too. */
	readonly counts: readonly number[];
	/** N-grams of order 1 to 4 in the hypotheses. */
	readonly totals: readonly number[];
	/** In percent, by order, smoothed where nothing matched. */
	readonly precisions: readonly number[];
	/** 0..1; 1 unless the hypotheses are shorter than the references. */
	readonly brevityPenalty: number;
	readonly hypothesisTokens: number;
	readonly referenceTokens: number;
	/** What was computed, in sacrebleu's notation. */
	readonly signature: string;
}

/**
 * BLEU over a corpus with one reference a line, as sacrebleu 2.x computes it (Papineni et al. 2002; smoothing
 * "exp" of Chen and Cherry 2014: an order without a match counts 1/2, the next 1/4 of a match).
 *
 * @throws {InfinisstError} `OPTION_INVALID` unless there is one reference for every hypothesis.
 */
export function corpusBleu(
	hypotheses: readonly string[],
	references: readonly string[],
	options: BleuOptions = {},
): BleuScore {
	assertParallel(hypotheses, references);
	const {tokenizer = '13a', lowercase = false, effectiveOrder = false} = options;
	const tokenize = (line: string) => tokenizeForBleu(lowercase ? line.toLowerCase() : line, tokenizer);
	const counts = new Array<number>(MAX_ORDER).fill(0);
	const totals = new Array<number>(MAX_ORDER).fill(0);
	let hypothesisTokens = 0;
	let referenceTokens = 0;
	for (const [line, text] of hypotheses.entries()) {
		const hypothesis = tokenize(text);
		const reference = tokenize(references[line]!);
		hypothesisTokens += hypothesis.length;
		referenceTokens += reference.length;
		for (let order = 1; order <= MAX_ORDER; order += 1) {
			// Tokens hold no white space, so that a space tells them apart.
			const found = countNgrams(hypothesis, order, ' ');
			counts[order - 1]! += countCommon(found, countNgrams(reference, order, ' '));
			totals[order - 1]! += Math.max(0, hypothesis.length - order + 1);
		}
	}

	const brevityPenalty = penaliseBrevity(hypothesisTokens, referenceTokens);
	const {precisions, orders} = smoothPrecisions(counts, totals, effectiveOrder);
	const logarithms = precisions.slice(0, orders).map(value => (value === 0 ? LOG_OF_ZERO : Math.log(value)));
	const anyMatch = counts.some(count => count > 0);
	return {
		score: anyMatch ? brevityPenalty * Math.exp(sum(logarithms) / orders) : 0,
		counts,
		totals,
		precisions,
		brevityPenalty,
		hypothesisTokens,
		referenceTokens,
		signature: [
			'nrefs:1',
			`case:${lowercase ? 'lc' : 'mixed'}`,
			`eff:${effectiveOrder ? 'yes' : 'no'}`,
			`tok:${tokenizer}`,
			'smooth:exp',
			`version:${SACREBLEU_VERSION}`,
		].join('|'),
	};
}

/** BLEU of one line, by default over the orders that the line is long enough for. */
export function sentenceBleu(hypothesis: string, reference: string, options: BleuOptions = {}): BleuScore {
	return corpusBleu([hypothesis], [reference], {effectiveOrder: true, ...options});
}

function penaliseBrevity(hypothesisTokens: number, referenceTokens: number): number {
	if (hypothesisTokens >= referenceTokens) return 1;
	return hypothesisTokens > 0 ? Math.exp(1 - referenceTokens / hypothesisTokens) : 0;
}

function smoothPrecisions(
	counts: readonly number[],
	totals: readonly number[],
	effectiveOrder: boolean,
): {precisions: number[]; orders: number} {
	const precisions = new Array<number>(MAX_ORDER).fill(0);
	if (counts.every(count => count === 0)) return {precisions, orders: MAX_ORDER};
	let orders = MAX_ORDER;
	let divisor = 1;
	for (const [index, total] of totals.entries()) {
		if (total === 0) break;
		if (effectiveOrder) orders = index + 1;
		const count = counts[index]!;
		if (count === 0) divisor *= 2;
		precisions[index] = count === 0 ? 100 / (divisor * total) : (100 * count) / total;
	}
	return {precisions, orders};
}

function sum(values: readonly number[]): number {
	return values.reduce((total, value) => total + value, 0);
}
