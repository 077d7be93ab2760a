/** How the positions of keys and queries are told: rotary embeddings (Su et al. 2021, RoFormer). */
export interface RotaryPositions {
	/** Angle between two positions for each pair of a head's numbers, [headSize / 2]: base and scaling are in it. */
	readonly frequencies: readonly number[];
}

/**
 * What distinguishes one decoder-only language model from another. All are towers of the same layers: normalise, attend,
 * normalise, feed forward.
 */
export interface DecoderDimensions {
	readonly architecture: 'llama' | 'qwen2' | 'qwen3' | 'gemma3_text';
	readonly width: number;
	readonly layers: number;
	readonly heads: number;
	/** Heads of keys and values, each of which serves `heads / keyValueHeads` queries (Ainslie et al. 2023, GQA). */
	readonly keyValueHeads: number;
	readonly headSize: number;
	readonly feedForwardSize: number;
	readonly vocabularySize: number;
	readonly maxTokens: number;
	/** Added to the mean square in RMS normalisation. */
	readonly normEpsilon: number;
	/** Attention scores are multiplied by it. */
	readonly queryScale: number;
	/** Embeddings are multiplied by it. */
	readonly embeddingScale: number;
	readonly activation: 'silu' | 'gelu-tanh';
	/** A pair to be rotated lies in the two halves of a head, or side by side. */
	readonly rotaryPairs: 'halves' | 'neighbours';
	/** Logits are pressed into ± this by tanh; undefined where they are left alone. */
	readonly logitLimit: number | undefined;
	/** Of all layers, or of those that look at the whole context. */
	readonly rotary: RotaryPositions;
	/** Layers that look at the newest tokens only; undefined where there are none. */
	readonly sliding:
		| {
				/** Tokens seen, the present one included. */
				readonly window: number;
				readonly layers: readonly number[];
				readonly rotary: RotaryPositions;
		  }
		| undefined;
}
