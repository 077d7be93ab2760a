/** How models of texts are prompted; each family has its own. */
export interface TextSettings {
	/**
	 * Of language models: instruction and newest turns of a talk that are kept; older turns leave. At most half of what the
	 * model can read.
	 *
	 * @default {@link MAX_CACHE_TOKENS}
	 */
	readonly maxCacheTokens?: number;
	/** Of encoder-decoder models: closed sentences that are read before the open one. @default 0 */
	readonly contextSentences?: number;
}

/** `--max-llm-cache-size 1000` of InfiniSST's server (github.com/LeiLiLab/InfiniSST, serve/api.sh). */
export const MAX_CACHE_TOKENS = 1000;

/** What may be chosen: the instruction with its examples takes 150 tokens, and no sentence needs ten others. */
export const TEXT_SETTING_LIMITS = {
	maxCacheTokens: {least: 200, most: 100_000},
	contextSentences: {least: 0, most: 10},
} as const;
