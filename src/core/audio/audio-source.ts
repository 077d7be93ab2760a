import type {Readable} from 'node:stream';

/** Every model here listens at 16 kHz; all audio is mono float32 at this rate once decoded. */
export const SAMPLE_RATE_HZ = 16_000;

/** Where encoded audio comes from: a path (may be opened again), or bytes that can be read once. */
export type AudioInput =
	| {readonly kind: 'file'; readonly path: string}
	| {readonly kind: 'stream'; readonly stream: Readable; readonly name: string};

/** Headerless samples, as `--raw s16le|f32le --rate --channels` describes them. */
export interface RawFormat {
	readonly encoding: 's16le' | 'f32le';
	readonly sampleRateHz: number;
	readonly channels: number;
}

/**
 * Decoded audio, read once, as a stream: memory use does not grow with its length.
 */
export interface AudioSource {
	/** What was found, for people: "WAV, 24-bit PCM, 48000 Hz, 2 channels". */
	readonly description: string;
	/** Length as the container states it, in ms; undefined where it does not say or cannot be trusted. */
	readonly durationMs: number | undefined;
	/**
	 * Mono float32 at {@link SAMPLE_RATE_HZ}, nominal range -1..1, in blocks of any length above 0.
	 * A block belongs to the reader. Cancel it to stop decoding and free everything behind it.
	 */
	readonly samples: ReadableStream<Float32Array>;
}
