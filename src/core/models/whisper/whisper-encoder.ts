import {createLogMel, HOP_SAMPLES} from '../../audio/log-mel.js';
import {openOnnxSession, type OnnxSessionOptions} from '../onnx-session.js';
import {modelFile} from './model-files.js';
import type {WhisperDimensions} from './whisper-checkpoint.js';

/** What the decoder looks at: keys and values of each of its layers, [heads, frames, head size]. */
export interface EncodedAudio {
	/** 20 ms each, silence included. */
	readonly frames: number;
	readonly keys: readonly Float32Array[];
	readonly values: readonly Float32Array[];
}

/** The listening half of a Whisper model. */
export interface WhisperEncoder {
	/** As `WhisperModel.encode`; calls may not overlap. */
	encode(samples: Float32Array, silenceMs: number): Promise<EncodedAudio>;
	close(): Promise<void>;
}

/** @throws {InfinisstError} as `openOnnxSession`. */
export async function openWhisperEncoder(
	graphsDirectory: string,
	{melBins, decoderLayers, maxEncoderFrames}: WhisperDimensions,
	options: OnnxSessionOptions,
): Promise<WhisperEncoder> {
	const encoder = await openOnnxSession(modelFile(graphsDirectory, 'encoder'), options);
	const cross = await openOnnxSession(modelFile(graphsDirectory, 'cross'), options);
	const logMel = createLogMel({melBins});
	const layers = Array.from({length: decoderLayers}, (_, layer) => layer);
	return {
		encode: async (samples, silenceMs) => {
			const wanted = Math.ceil(samples.length / HOP_SAMPLES) + Math.ceil(silenceMs / 10);
			// The encoder halves the number of frames.
			const frames = Math.min(Math.ceil(wanted / 2), maxEncoderFrames);
			const input = logMel.compute(samples, {frames: frames * 2});
			const encoded = await encoder.run({log_mel: encoder.floats(input, [1, melBins, frames * 2])});
			const pairs = await cross.run({states: encoded['states']!});
			return {
				frames,
				keys: layers.map(layer => pairs[`cross_key.${layer}`]!.data as Float32Array),
				values: layers.map(layer => pairs[`cross_value.${layer}`]!.data as Float32Array),
			};
		},
		close: async () => {
			await Promise.all([encoder.close(), cross.close()]);
		},
	};
}
