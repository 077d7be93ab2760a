import {createLogMel, HOP_SAMPLES} from '../../audio/log-mel.js';
import type {Clock} from '../../util/clock.js';
import {DistributionMeter, type DistributionSummary} from '../../util/distribution-meter.js';
import {openOnnxSession, type OnnxSessionOptions} from '../onnx-session.js';
import {modelFile} from './model-files.js';
import type {WhisperDimensions} from './whisper-dimensions.js';

/** Audio as the encoder's hidden states, [frames, width]. */
export interface EncodedAudio {
	/** 20 ms each, silence included. */
	readonly frames: number;
	readonly states: Float32Array;
}

/** The listening half of a Whisper model. */
export interface WhisperEncoder {
	/**
	 * Encodes audio followed by silence; calls may not overlap.
	 *
	 * @param samples - mono float32 at 16 kHz, at most 30 s; only read.
	 * @param silenceMs - of silence at the end; what lies beyond 30 s is cut.
	 */
	encode(samples: Float32Array, silenceMs: number): Promise<EncodedAudio>;
	/** How long that took so far. */
	encodeMs(): DistributionSummary;
	close(): Promise<void>;
}

export interface WhisperEncoderOptions extends OnnxSessionOptions {
	readonly clock: Clock;
}

/** @throws {InfinisstError} as `openOnnxSession`. */
export async function openWhisperEncoder(
	graphsDirectory: string,
	{melBins, maxEncoderFrames}: WhisperDimensions,
	{clock, ...options}: WhisperEncoderOptions,
): Promise<WhisperEncoder> {
	const encoder = await openOnnxSession(modelFile(graphsDirectory, 'encoder'), options);
	const logMel = createLogMel({melBins});
	const encodeMs = new DistributionMeter();
	return {
		encode: async (samples, silenceMs) => {
			const startMs = clock.nowMs();
			const wanted = Math.ceil(samples.length / HOP_SAMPLES) + Math.ceil(silenceMs / 10);
			// The encoder halves the number of frames.
			const frames = Math.min(Math.ceil(wanted / 2), maxEncoderFrames);
			const input = logMel.compute(samples, {frames: frames * 2});
			const {states} = await encoder.run({log_mel: encoder.floats(input, [1, melBins, frames * 2])});
			encodeMs.add(clock.nowMs() - startMs);
			return {frames, states: states!.data as Float32Array};
		},
		encodeMs: () => encodeMs.summary(),
		close: () => encoder.close(),
	};
}
