import type {OnnxSession} from '../onnx-session.js';
import type {WhisperDimensions} from './whisper-checkpoint.js';

/** What the decoder looks at: keys and values of each of its layers, [heads, frames, head size]. */
export interface EncodedAudio {
	/** 20 ms each, padding included. */
	readonly frames: number;
	readonly keys: readonly Float32Array[];
	readonly values: readonly Float32Array[];
}

export interface WhisperEncoderSessions {
	readonly encoder: OnnxSession;
	readonly cross: OnnxSession;
}

/**
 * Encodes one piece of audio at its real length.
 *
 * @param logMel - [mel bins, melFrames]; `melFrames` is even and at most twice the model's longest output.
 */
export async function encodeAudio(
	{encoder, cross}: WhisperEncoderSessions,
	{decoderLayers, melBins}: WhisperDimensions,
	logMel: Float32Array,
	melFrames: number,
): Promise<EncodedAudio> {
	const encoded = await encoder.run({log_mel: encoder.floats(logMel, [1, melBins, melFrames])});
	const pairs = await cross.run({states: encoded['states']!});
	const layers = Array.from({length: decoderLayers}, (_, layer) => layer);
	return {
		frames: melFrames / 2,
		keys: layers.map(layer => pairs[`cross_key.${layer}`]!.data as Float32Array),
		values: layers.map(layer => pairs[`cross_value.${layer}`]!.data as Float32Array),
	};
}
