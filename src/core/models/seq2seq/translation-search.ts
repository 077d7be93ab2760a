import type {DecodeTask, NextToken, RowOutput} from '../decoding/batch-decoder.js';
import type {DecoderSource} from '../decoding/decoder-source.js';
import {EMPTY_HYPOTHESIS, withAlignment, withToken, type Hypothesis} from './hypothesis.js';
import type {TranslationResult} from './translation-model.js';
import type {Candidate, WritingRules} from './writing-rules.js';

export interface TranslationSearchOptions {
	readonly source: DecoderSource;
	/** What the decoder reads first: start, language, forced prefix. */
	readonly prompt: readonly number[];
	readonly endToken: number;
	readonly rules: WritingRules;
	/** From 1 on. */
	readonly beams: number;
	readonly lengthPenalty: number;
	readonly earlyStopping: boolean;
	/** From 1 on. */
	readonly maxTokens: number;
	/** The last token that fits is the end, whatever the model thinks. */
	readonly forcesEnd: boolean;
	/** Tokens of the prompt that count as written where sums are divided by the length. */
	readonly countedPrompt: number;
	readonly withAlignment: boolean;
}

interface Extension extends Candidate {
	readonly parent: number;
	readonly sum: number;
}

interface Finished {
	readonly hypothesis: Hypothesis;
	readonly score: number;
	readonly isComplete: boolean;
}

/**
 * Searches as transformers does (`_beam_search` of 4.57), so that translations are the same: of the 2 · beams best
 * extensions, those among the first `beams` that end are kept as results, and the best others go on, until none of these
 * can be better than the worst of `beams` results. With one beam: the likeliest token at each step.
 */
export class TranslationSearch implements DecodeTask {
	readonly source;
	readonly prompt;
	readonly wanted;
	readonly maxRows: number;
	readonly withAlignment;
	readonly #options: TranslationSearchOptions;
	#running: readonly Hypothesis[] = [EMPTY_HYPOTHESIS];
	/** Best first, at most as many as there are beams. */
	#finished: readonly Finished[] = [];

	constructor(options: TranslationSearchOptions) {
		this.#options = options;
		this.source = options.source;
		this.prompt = options.prompt;
		this.wanted = [options.prompt.length - 1];
		this.maxRows = options.beams;
		this.withAlignment = options.withAlignment;
	}

	/** To be asked for when the task is finished. */
	get result(): TranslationResult {
		const {hypothesis, score, isComplete} = this.#finished[0]!;
		return {
			tokens: hypothesis.tokens,
			logProbabilities: hypothesis.logProbabilities,
			alignments: this.#options.withAlignment ? alignmentsOf(hypothesis) : undefined,
			score,
			isComplete,
		};
	}

	begin(output: RowOutput): readonly NextToken[] {
		return this.advance([output]);
	}

	advance(outputs: readonly RowOutput[]): readonly NextToken[] {
		const {beams, endToken, earlyStopping, maxTokens} = this.#options;
		const read = this.#running.map((hypothesis, row) =>
			withAlignment(hypothesis, outputs[row]!.alignment?.[0]),
		);
		const isLast = read[0]!.tokens.length + 1 >= maxTokens;
		const best = this.#rank(outputs, read, isLast);
		const finish = (extension: Extension): Finished => {
			const parent = read[extension.parent]!;
			const isComplete = extension.token === endToken;
			return {
				hypothesis: isComplete ? parent : withToken(parent, extension.token, extension.logProbability),
				score: this.#normalize(extension.sum, parent.tokens.length + 1),
				isComplete,
			};
		};
		const ending = best.filter(({token}, place) => (token === endToken || isLast) && place < beams);
		this.#finished = [...this.#finished, ...ending.map(finish)]
			.sort((a, b) => b.score - a.score)
			.slice(0, beams);
		const going = isLast ? [] : best.filter(({token}) => token !== endToken).slice(0, beams);
		const length = read[0]!.tokens.length + 1;
		const isFull = this.#finished.length === beams;
		const canImprove =
			going.length > 0 && (!isFull || this.#normalize(going[0]!.sum, length) > this.#finished.at(-1)!.score);
		if (!canImprove || (isFull && earlyStopping)) {
			// Nothing may be written at all: the translation ends here.
			if (this.#finished.length === 0) {
				this.#finished = read.slice(0, 1).map(hypothesis => ({
					hypothesis,
					score: this.#normalize(hypothesis.sumLogProbability, length),
					isComplete: false,
				}));
			}
			return [];
		}
		this.#running = going.map(({parent, token, logProbability}) =>
			withToken(read[parent]!, token, logProbability),
		);
		return going.map(({parent, token}) => ({parent, token}));
	}

	/** The 2 · beams best extensions, best first. */
	#rank(outputs: readonly RowOutput[], read: readonly Hypothesis[], isLast: boolean): Extension[] {
		const {beams, rules, forcesEnd, endToken, prompt} = this.#options;
		return read
			.flatMap((hypothesis, parent) => {
				const candidates =
					isLast && forcesEnd
						? [{token: endToken, logProbability: 0}]
						: rules.candidates(
								outputs[parent]!.logits[0]!,
								[...prompt, ...hypothesis.tokens],
								beams === 1 ? 1 : 2 * beams,
							);
				return candidates.map(candidate => ({
					...candidate,
					parent,
					sum: hypothesis.sumLogProbability + candidate.logProbability,
				}));
			})
			.sort((a, b) => b.sum - a.sum)
			.slice(0, 2 * beams);
	}

	/** @param length - in tokens, the end included. */
	#normalize(sum: number, length: number): number {
		return sum / (length + this.#options.countedPrompt) ** this.#options.lengthPenalty;
	}
}

/** A translation that was cut off was not read to its last token: that one looks where the one before it looked. */
function alignmentsOf({tokens, alignments}: Hypothesis): readonly Float32Array[] | undefined {
	if (alignments.length >= tokens.length) return alignments.slice(0, tokens.length);
	const last = alignments.at(-1);
	return last === undefined ? undefined : [...alignments, last];
}
