import type {DecodeEnd, DecodeResult} from './decode-result.js';

/** A sequence while it is being decoded; never changed, so that searches may branch. */
export interface Sequence {
	readonly tokens: readonly number[];
	readonly logProbabilities: readonly number[];
	readonly sumLogProbability: number;
	readonly alignment: readonly (readonly Float32Array[])[];
}

export const EMPTY_SEQUENCE: Sequence = {
	tokens: [],
	logProbabilities: [],
	sumLogProbability: 0,
	alignment: [],
};

/** The sequence with one more token. */
export function extend(
	sequence: Sequence,
	token: number,
	logProbability: number,
	alignment: readonly Float32Array[] | undefined,
): Sequence {
	return {
		tokens: [...sequence.tokens, token],
		logProbabilities: [...sequence.logProbabilities, logProbability],
		sumLogProbability: sequence.sumLogProbability + logProbability,
		alignment: alignment === undefined ? sequence.alignment : [...sequence.alignment, alignment],
	};
}

/**
 * @param last - what the end of the sequence added: its log probability and attention.
 */
export function toResult(
	sequence: Sequence,
	end: DecodeEnd,
	last: {readonly logProbability: number; readonly alignment: readonly Float32Array[] | undefined},
	noSpeechProbability: number,
): DecodeResult {
	const sum = sequence.sumLogProbability + last.logProbability;
	return {
		tokens: sequence.tokens,
		logProbabilities: sequence.logProbabilities,
		averageLogProbability: sum / (sequence.tokens.length + 1),
		noSpeechProbability,
		end,
		alignment: last.alignment === undefined ? undefined : [...sequence.alignment, last.alignment],
	};
}
