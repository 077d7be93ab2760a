import {logSumExp, topTokens} from '../decoding/logits.js';

export interface WritingRulesOptions {
	/** Runs of tokens never written. */
	readonly badWords: readonly (readonly number[])[];
	/** No run of so many tokens is written twice; 0 for no limit. */
	readonly noRepeatNgram: number;
	/** What must not be written when so many tokens are: behind a word that is whole, what would go on with it. */
	readonly wordBoundary?: {readonly at: number; readonly forbidden: readonly number[]};
	/** Whether what is left when tokens are forbidden is made to sum to 1. */
	readonly renormalizes: boolean;
}

/** A token that may come next. */
export interface Candidate {
	readonly token: number;
	readonly logProbability: number;
}

/** What may be written next, as transformers decides it. */
export class WritingRules {
	readonly #options: WritingRulesOptions;

	constructor(options: WritingRulesOptions) {
		this.#options = options;
	}

	/**
	 * The likeliest tokens that may come next, best first.
	 *
	 * @param logits - overwritten: what is forbidden becomes -Infinity.
	 * @param written - all tokens so far, steering tokens and forced ones included.
	 */
	candidates(logits: Float32Array, written: readonly number[], count: number): Candidate[] {
		const {renormalizes} = this.#options;
		const all = [{from: 0, to: logits.length}];
		const sumOfAll = (): number => logSumExp(logits, all, logits[topTokens(logits, all, 1)[0] ?? 0]!);
		const before = renormalizes ? 0 : sumOfAll();
		this.#forbid(logits, written);
		const sum = renormalizes ? sumOfAll() : before;
		return topTokens(logits, all, count).map(token => ({token, logProbability: logits[token]! - sum}));
	}

	#forbid(logits: Float32Array, written: readonly number[]): void {
		const {wordBoundary} = this.#options;
		if (wordBoundary?.at === written.length)
			for (const token of wordBoundary.forbidden) logits[token] = -Infinity;
		for (const word of this.#options.badWords) {
			const begin = word.slice(0, -1);
			if (begin.length <= written.length && endsWith(written, begin)) logits[word.at(-1)!] = -Infinity;
		}
		const size = this.#options.noRepeatNgram;
		if (size === 0 || written.length < size) return;
		const begin = written.slice(written.length - size + 1);
		for (let from = 0; from + size <= written.length; from++) {
			if (begin.every((token, place) => written[from + place] === token))
				logits[written[from + size - 1]!] = -Infinity;
		}
	}
}

function endsWith(written: readonly number[], end: readonly number[]): boolean {
	const from = written.length - end.length;
	return end.every((token, place) => written[from + place] === token);
}
