import {countCommon, countNgrams} from './ngram-counts.js';
import {assertParallel} from './parallel-lines.js';
import {deleteWhitespacePython, splitPython} from './python-whitespace.js';
import {SACREBLEU_VERSION} from './sacrebleu-version.js';

const CHARACTER_ORDERS = 6;

/** Recall weighs twice as much as precision: the 2 of chrF2. */
const BETA_SQUARED = 4;

const ASCII_PUNCTUATION = /[!-/:-@[-`{-~]/;

export interface ChrfOptions {
	/** Word n-grams counted besides those of characters: 0 is chrF2, 2 is chrF++. @default 0 */
	readonly wordOrder?: 0 | 1 | 2;
	/** Whether case is ignored. @default false */
	readonly lowercase?: boolean;
}

export interface ChrfScore {
	/** 0..100. */
	readonly score: number;
	/** What was computed, in sacrebleu's notation. */
	readonly signature: string;
}

/**
 * Character n-gram F-score over a corpus with one reference a line, as sacrebleu 2.x computes it (Popović 2015,
 * 2017): counts are summed over the corpus, then precision and recall averaged over the orders.
 *
 * @throws {InfinisstError} `OPTION_INVALID` unless there is one reference for every hypothesis.
 */
export function corpusChrf(
	hypotheses: readonly string[],
	references: readonly string[],
	{wordOrder = 0, lowercase = false}: ChrfOptions = {},
): ChrfScore {
	assertParallel(hypotheses, references);
	const orders = CHARACTER_ORDERS + wordOrder;
	const found = new Array<number>(orders).fill(0);
	const wanted = new Array<number>(orders).fill(0);
	const common = new Array<number>(orders).fill(0);
	for (const [line, text] of hypotheses.entries()) {
		const cased = (value: string) => (lowercase ? value.toLowerCase() : value);
		const hypothesis = countOrders(cased(text), wordOrder);
		const reference = countOrders(cased(references[line]!), wordOrder);
		for (let index = 0; index < orders; index += 1) {
			const referenceTotal = total(reference[index]!);
			wanted[index]! += referenceTotal;
			// A line whose reference is too short for this order says nothing about precision there.
			if (referenceTotal > 0) found[index]! += total(hypothesis[index]!);
			common[index]! += countCommon(hypothesis[index]!, reference[index]!);
		}
	}

	return {
		score: averageFScore(found, wanted, common),
		signature: `nrefs:1|case:${lowercase ? 'lc' : 'mixed'}|eff:yes|nc:${CHARACTER_ORDERS}|nw:${wordOrder}|space:no|version:${SACREBLEU_VERSION}`,
	};
}

/** The score of one line. */
export function sentenceChrf(hypothesis: string, reference: string, options: ChrfOptions = {}): ChrfScore {
	return corpusChrf([hypothesis], [reference], options);
}

function countOrders(text: string, wordOrder: number): Map<string, number>[] {
	const characters = Array.from(deleteWhitespacePython(text));
	const words = splitPython(text).flatMap(separatePunctuation);
	const counts: Map<string, number>[] = [];
	for (let order = 1; order <= CHARACTER_ORDERS; order += 1) counts.push(countNgrams(characters, order, ''));
	for (let order = 1; order <= wordOrder; order += 1) counts.push(countNgrams(words, order, ' '));
	return counts;
}

/** At most one mark comes off a word, the last one before the first one. */
function separatePunctuation(word: string): string[] {
	const characters = Array.from(word);
	if (characters.length === 1) return [word];
	if (ASCII_PUNCTUATION.test(characters.at(-1)!))
		return [characters.slice(0, -1).join(''), characters.at(-1)!];
	if (ASCII_PUNCTUATION.test(characters[0]!)) return [characters[0]!, characters.slice(1).join('')];
	return [word];
}

function averageFScore(
	found: readonly number[],
	wanted: readonly number[],
	common: readonly number[],
): number {
	let precision = 0;
	let recall = 0;
	let orders = 0;
	for (const [index, matches] of common.entries()) {
		if (found[index] === 0 || wanted[index] === 0) continue;
		precision += matches / found[index]!;
		recall += matches / wanted[index]!;
		orders += 1;
	}
	if (precision + recall === 0) return 0;
	precision /= orders;
	recall /= orders;
	return (100 * (1 + BETA_SQUARED) * precision * recall) / (BETA_SQUARED * precision + recall);
}

function total(counts: ReadonlyMap<string, number>): number {
	let sum = 0;
	for (const count of counts.values()) sum += count;
	return sum;
}
