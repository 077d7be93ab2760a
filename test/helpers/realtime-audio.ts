import {Resampler} from '../../src/core/audio/resampler.js';

/** Samples at 16 kHz as a realtime client sends them: base64 of 16-bit samples at 24 kHz. */
export function toRealtimeAudio(samples: Float32Array): string {
	return toPcm24(samples).toString('base64');
}

/** The same in pieces of so many ms each. */
export function toRealtimePieces(samples: Float32Array, pieceMs: number): string[] {
	const bytes = toPcm24(samples);
	const pieceBytes = pieceMs * 48;
	return Array.from({length: Math.ceil(bytes.length / pieceBytes)}, (_, index) =>
		bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes).toString('base64'),
	);
}

function toPcm24(samples: Float32Array): Buffer {
	const resampler = new Resampler(16_000, 24_000);
	const resampled = [resampler.push(samples), resampler.flush()];
	const bytes = Buffer.alloc(resampled.reduce((sum, {length}) => sum + length, 0) * 2);
	let offset = 0;
	for (const sample of resampled.flatMap(part => [...part])) {
		offset = bytes.writeInt16LE(Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))), offset);
	}
	return bytes;
}
