import type {DecodeTask, NextToken, RowOutput} from '../decoding/batch-decoder.js';
import {topTokens} from '../decoding/logits.js';
import {bestResult, type DecodeEnd, type DecodeResult} from './decode-result.js';
import {findLoop} from './loop-guard.js';
import {tokenLimit, wantedPositions, type SearchOptions} from './search-options.js';
import {EMPTY_SEQUENCE, extend, toResult, type Sequence} from './sequence.js';
import {probabilityOf} from './token-rules.js';

/** A beam that may go on. */
interface Extension {
	readonly parent: number;
	readonly sequence: Sequence;
}

/**
 * Follows the `beamSize` most likely sequences and ends when as many have ended, as OpenAI's decoder
 * does (patience 1). Finished sequences are ranked by their mean log probability.
 */
export class BeamSearch implements DecodeTask {
	readonly source;
	readonly prompt;
	readonly wanted;
	readonly maxRows: number;
	readonly withAlignment;
	readonly #options: SearchOptions;
	readonly #limit: number;
	readonly #finished: DecodeResult[] = [];
	#beams: readonly Sequence[] = [EMPTY_SEQUENCE];
	#noSpeechProbability = 0;

	constructor(options: SearchOptions, beamSize: number) {
		this.#options = options;
		this.maxRows = beamSize;
		this.source = options.audio;
		this.prompt = options.prompt;
		this.withAlignment = options.withAlignment;
		this.wanted = wantedPositions(options);
		this.#limit = tokenLimit(options);
	}

	/** The best sequence; to be called when the task is finished. */
	get result(): DecodeResult {
		return bestResult(this.#finished);
	}

	begin({logits, alignment}: RowOutput): readonly NextToken[] {
		const [start, last] = logits as [Float32Array, Float32Array];
		this.#noSpeechProbability = probabilityOf(start, this.#options.description.specialTokens.noSpeech);
		return this.advance([{logits: [last], alignment}]);
	}

	advance(outputs: readonly RowOutput[]): readonly NextToken[] {
		const next: Extension[] = [];
		for (const {parent, token, logProbability} of this.#rank(outputs)) {
			const beam = this.#beams[parent]!;
			const {alignment} = outputs[parent]!;
			if (token === this.#options.description.specialTokens.endOfText) {
				if (this.#finished.length < this.maxRows)
					this.#finish(beam, 'end-of-text', logProbability, alignment);
				continue;
			}
			if (next.length < this.maxRows)
				next.push({parent, sequence: extend(beam, token, logProbability, alignment)});
			if (next.length === this.maxRows) break;
		}
		const going = next.filter(
			({parent, sequence}) => !this.#endsItself(sequence, outputs[parent]!.alignment),
		);
		if (this.#finished.length >= this.maxRows) return [];
		this.#beams = going.map(({sequence}) => sequence);
		return going.map(({parent, sequence}) => ({parent, token: sequence.tokens.at(-1)!}));
	}

	/** Every extension of every beam that could be among the best, best first. */
	#rank(
		outputs: readonly RowOutput[],
	): {parent: number; token: number; logProbability: number; score: number}[] {
		return this.#beams
			.flatMap((beam, parent) => {
				const logits = outputs[parent]!.logits[0]!;
				const allowed = this.#options.rules.apply(logits, beam.tokens);
				return topTokens(logits, allowed.ranges, this.maxRows + 1).map(token => {
					const logProbability = logits[token]! - allowed.logSumExp;
					return {parent, token, logProbability, score: beam.sumLogProbability + logProbability};
				});
			})
			.sort((a, b) => b.score - a.score);
	}

	#endsItself(sequence: Sequence, alignment: readonly Float32Array[] | undefined): boolean {
		const end =
			findLoop(sequence.tokens) > 0 ? 'loop' : sequence.tokens.length >= this.#limit ? 'too-long' : undefined;
		if (end === undefined) return false;
		this.#finish(sequence, end, 0, alignment);
		return true;
	}

	#finish(
		sequence: Sequence,
		end: DecodeEnd,
		logProbability: number,
		alignment: readonly Float32Array[] | undefined,
	): void {
		this.#finished.push(toResult(sequence, end, {logProbability, alignment}, this.#noSpeechProbability));
	}
}
