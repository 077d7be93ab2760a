import type {CommitPolicy} from './commit-policy.js';

/** Words that are waited for. */
const K = 3;

/** Speech for one word: a fixed pre-decision of 280 ms (Ma, Pino, Koehn 2020, arXiv 2011.02048, section 3). */
const MS_PER_WORD = 280;

/**
 * Wait-k (Ma et al. 2019, arXiv 1810.08398): after k words' worth of speech, one word for each further word's worth.
 * Knows neither the audio nor the model; for comparison.
 */
export const waitK: CommitPolicy = {
	name: 'wait-k',
	settle({tokens}, {speechMs, settledWords, settings, lengthOfWords}) {
		// The multiplier of the latency stretches the wait as it does for the other policies.
		const waitMs = K * MS_PER_WORD + (settings.holdFrames - 30) * 20;
		const words = Math.floor((speechMs - waitMs) / MS_PER_WORD) - settledWords;
		return words <= 0 ? 0 : lengthOfWords(tokens, words);
	},
};
