/** Consecutive samples of every channel, all of one length above 0; nominal range -1..1. Belongs to the reader. */
export interface AudioBlock {
	readonly channels: readonly Float32Array[];
	readonly sampleRateHz: number;
}

/** One open recording in its own rate and channels. Pull-based: nothing is decoded before it is asked for. */
export interface AudioDecoder {
	/** For people: "WAV, 24-bit PCM, 48000 Hz, 2 channels". */
	readonly description: string;
	/** As the container states it and as far as it can be trusted; undefined where it does not say. */
	readonly durationMs: number | undefined;
	/** The next block, or undefined at the end. Not called again before the last call settled. */
	read(): Promise<AudioBlock | undefined>;
	/** Frees memory, files and processes behind it; may be called while a read waits. Idempotent. */
	close(): Promise<void>;
}

/** What a decoder needs to know from outside. */
export interface DecoderContext {
	/** Takes one sentence about damage that was worked around. */
	readonly warn: (message: string) => void;
	/** Fires to stop the opening; once it is open, the decoder is closed instead. */
	readonly signal?: AbortSignal | undefined;
}

export function describeChannels(channels: number): string {
	return channels === 1 ? 'mono' : channels === 2 ? 'stereo' : `${channels} channels`;
}
