import {openAudio} from '../../src/core/audio/open-audio.js';
import {SAMPLE_RATE_HZ} from '../../src/core/audio/audio-source.js';

const BYTES_PER_SAMPLE = 2;

/** What a program that writes WAV to a pipe says for a length it does not know. */
const UNKNOWN_LENGTH = 0xff_ff_ff_ff;

/**
 * Recordings one after another, from the first again after the last, as a WAV stream of 16-bit samples at
 * 16 kHz whose header knows no length. Holds the samples of one round.
 *
 * @param paths - of the recordings.
 * @param minutes - the stream's length.
 */
export async function* loopSpeech(
	paths: readonly string[],
	minutes: number,
): AsyncGenerator<Buffer, void, undefined> {
	yield wavHeader();
	let left = Math.round(minutes * 60 * SAMPLE_RATE_HZ);
	const round: Buffer[] = [];
	for (const path of paths) {
		const {samples} = await openAudio({kind: 'file', path}, {});
		for await (const block of samples) {
			const piece = toInt16(block.subarray(0, left));
			round.push(piece);
			left -= piece.length / BYTES_PER_SAMPLE;
			yield piece;
		}
	}
	while (left > 0) {
		for (const piece of round) {
			const part = piece.subarray(0, left * BYTES_PER_SAMPLE);
			left -= part.length / BYTES_PER_SAMPLE;
			yield part;
		}
	}
}

function toInt16(samples: Float32Array): Buffer {
	const bytes = Buffer.alloc(samples.length * BYTES_PER_SAMPLE);
	for (const [index, sample] of samples.entries()) {
		const value = Math.max(-1, Math.min(1, sample)) * 32_767;
		bytes.writeInt16LE(Math.round(value), index * BYTES_PER_SAMPLE);
	}
	return bytes;
}

function wavHeader(): Buffer {
	const header = Buffer.alloc(44);
	header.write('RIFF', 0, 'latin1');
	header.writeUInt32LE(UNKNOWN_LENGTH, 4);
	header.write('WAVEfmt ', 8, 'latin1');
	header.writeUInt32LE(16, 16);
	header.writeUInt16LE(1, 20);
	header.writeUInt16LE(1, 22);
	header.writeUInt32LE(SAMPLE_RATE_HZ, 24);
	header.writeUInt32LE(SAMPLE_RATE_HZ * BYTES_PER_SAMPLE, 28);
	header.writeUInt16LE(BYTES_PER_SAMPLE, 32);
	header.writeUInt16LE(BYTES_PER_SAMPLE * 8, 34);
	header.write('data', 36, 'latin1');
	header.writeUInt32LE(UNKNOWN_LENGTH, 40);
	return header;
}
