import {readFloatSamples} from '../../read-float-samples.js';

/** Speech stays within -1..1, clipped microphones a little above; 16-bit integers sent as they are do not. */
const MAX_AMPLITUDE = 16;

const BYTES_PER_SAMPLE = 4;

/**
 * The samples of a binary frame: float32, little-endian, mono, 16 kHz. The frame's memory may become theirs.
 *
 * @returns or else what is wrong with the frame, and what to do: none of it is taken.
 */
export function parseAudioFrame(frame: Uint8Array): Float32Array | string {
	const {byteLength} = frame;
	if (byteLength % BYTES_PER_SAMPLE !== 0) {
		return `The frame has ${byteLength} bytes, which are no whole number of samples. Send float32 samples, 4 bytes each.`;
	}
	const samples = readFloatSamples(frame);
	for (const sample of samples) {
		if (!Number.isFinite(sample)) {
			return 'The frame has samples that are no number or infinite. Send float32 samples from -1 to 1, little-endian.';
		}
		if (Math.abs(sample) > MAX_AMPLITUDE) {
			return 'The frame has samples that are far too large. Send float32 samples from -1 to 1; divide 16-bit integers by 32768.';
		}
	}
	return samples;
}
