/** A translation while it is written; never changed, so that searches may branch. */
export interface Hypothesis {
	/** Without prompt and end. */
	readonly tokens: readonly number[];
	readonly logProbabilities: readonly number[];
	readonly sumLogProbability: number;
	/** How each token looked at the source when it was read, which is a step after it was written: the last is missing. */
	readonly alignments: readonly Float32Array[];
}

export const EMPTY_HYPOTHESIS: Hypothesis = {
	tokens: [],
	logProbabilities: [],
	sumLogProbability: 0,
	alignments: [],
};

/** The hypothesis after its last token was read. */
export function withAlignment(hypothesis: Hypothesis, alignment: Float32Array | undefined): Hypothesis {
	if (alignment === undefined || hypothesis.tokens.length === 0) return hypothesis;
	return {...hypothesis, alignments: [...hypothesis.alignments, alignment]};
}

/** The hypothesis with one more token. */
export function withToken(hypothesis: Hypothesis, token: number, logProbability: number): Hypothesis {
	return {
		...hypothesis,
		tokens: [...hypothesis.tokens, token],
		logProbabilities: [...hypothesis.logProbabilities, logProbability],
		sumLogProbability: hypothesis.sumLogProbability + logProbability,
	};
}
