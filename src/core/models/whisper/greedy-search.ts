import type {DecodeTask, NextToken, RowOutput} from '../decoding/batch-decoder.js';
import {bestResult, type DecodeEnd, type DecodeResult} from './decode-result.js';
import {findLoop} from './loop-guard.js';
import {tokenLimit, wantedPositions, type SearchOptions} from './search-options.js';
import {EMPTY_SEQUENCE, extend, toResult, type Sequence} from './sequence.js';
import {probabilityOf, sample} from './token-rules.js';

export interface SamplingOptions {
	/** Above 0. */
	readonly temperature: number;
	/** Sequences drawn; the most likely of them is the result. */
	readonly candidates: number;
	/** Uniform in 0..1, at each call another. */
	readonly random: () => number;
}

interface Candidate {
	sequence: Sequence;
	result: DecodeResult | undefined;
}

/**
 * Takes the most likely token at each step or, with a temperature, draws it. A loop ends the sequence at once.
 */
export class GreedySearch implements DecodeTask {
	readonly source;
	readonly prompt;
	readonly wanted;
	readonly maxRows: number;
	readonly withAlignment;
	readonly #options: SearchOptions;
	readonly #sampling: SamplingOptions | undefined;
	readonly #limit: number;
	readonly #candidates: Candidate[];
	#noSpeechProbability = 0;

	constructor(options: SearchOptions, sampling?: SamplingOptions) {
		this.#options = options;
		this.#sampling = sampling;
		this.source = options.audio;
		this.prompt = options.prompt;
		this.withAlignment = options.withAlignment;
		this.wanted = wantedPositions(options);
		this.maxRows = sampling?.candidates ?? 1;
		this.#limit = tokenLimit(options);
		this.#candidates = Array.from({length: this.maxRows}, () => ({
			sequence: EMPTY_SEQUENCE,
			result: undefined,
		}));
	}

	/** The best sequence; to be called when the task is finished. */
	get result(): DecodeResult {
		return bestResult(this.#candidates.map(({result}) => result!));
	}

	begin({logits, alignment}: RowOutput): readonly NextToken[] {
		const [start, last] = logits as [Float32Array, Float32Array];
		this.#noSpeechProbability = probabilityOf(start, this.#options.description.specialTokens.noSpeech);
		return this.#candidates.flatMap(candidate =>
			this.#choose(candidate, 0, {logits: [last.slice()], alignment}),
		);
	}

	advance(outputs: readonly RowOutput[]): readonly NextToken[] {
		return this.#candidates
			.filter(({result}) => result === undefined)
			.flatMap((candidate, row) => this.#choose(candidate, row, outputs[row]!));
	}

	#choose(candidate: Candidate, parent: number, {logits: [logits], alignment}: RowOutput): NextToken[] {
		const {sequence} = candidate;
		const allowed = this.#options.rules.apply(logits!, sequence.tokens);
		const token =
			this.#sampling === undefined
				? allowed.best
				: sample(logits!, allowed, this.#sampling.temperature, this.#sampling.random());
		const logProbability = logits![token]! - allowed.logSumExp;
		const finish = (of: Sequence, end: DecodeEnd): NextToken[] => {
			const last = {logProbability: end === 'end-of-text' ? logProbability : 0, alignment};
			candidate.result = toResult(of, end, last, this.#noSpeechProbability);
			return [];
		};
		if (token === this.#options.description.specialTokens.endOfText) return finish(sequence, 'end-of-text');
		const extended = extend(sequence, token, logProbability, alignment);
		if (findLoop(extended.tokens) > 0) return finish(extended, 'loop');
		if (extended.tokens.length >= this.#limit) return finish(extended, 'too-long');
		candidate.sequence = extended;
		return [{parent, token}];
	}
}
