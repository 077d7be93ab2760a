/** Why a sequence ended. */
export type DecodeEnd = 'end-of-text' | 'too-long' | 'loop';

/** A decoded sequence, without prompt and end of text. */
export interface DecodeResult {
	readonly tokens: readonly number[];
	/** Log probability of each token among those that were allowed. */
	readonly logProbabilities: readonly number[];
	/** Mean over the tokens and the end of text; the higher, the surer. */
	readonly averageLogProbability: number;
	/** Probability of the model's own "nobody speaks" at the start of the transcript, 0..1. */
	readonly noSpeechProbability: number;
	readonly end: DecodeEnd;
	/**
	 * Attention of each alignment head to the audio when each token, and at last the end, was chosen:
	 * [token][head][frame], one more than there are tokens. Only if it was asked for.
	 */
	readonly alignment: readonly (readonly Float32Array[])[] | undefined;
}

/**
 * The likeliest of several sequences for the same audio. A loop is likely because it is a loop, so one that
 * ended otherwise is better whatever it scores.
 */
export function bestResult(results: readonly DecodeResult[]): DecodeResult {
	return results.reduce((best, result) => {
		if ((best.end === 'loop') !== (result.end === 'loop')) return best.end === 'loop' ? result : best;
		return result.averageLogProbability > best.averageLogProbability ? result : best;
	});
}
