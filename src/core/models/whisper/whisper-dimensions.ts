/** Sizes that tell one Whisper model from another. */
export interface WhisperDimensions {
	/** Width of the hidden states. */
	readonly width: number;
	readonly heads: number;
	readonly encoderLayers: number;
	readonly decoderLayers: number;
	readonly melBins: number;
	readonly vocabularySize: number;
	/** Longest output of the encoder, 20 ms a frame. */
	readonly maxEncoderFrames: number;
	/** Longest sequence of the decoder, prompt included. */
	readonly maxTokens: number;
}

/** The same in every Whisper model (Radford et al. 2022, table 1: width / heads). */
export const HEAD_SIZE = 64;
