import type {AudioInput} from '../../src/core/audio/audio-source.js';
import {openAudio, type OpenAudioOptions} from '../../src/core/audio/open-audio.js';

export interface ReadAudio {
	readonly samples: Float32Array;
	readonly description: string;
	readonly durationMs: number | undefined;
	/** In the order they came. */
	readonly warnings: readonly string[];
}

/** A whole recording in memory, with what was said about it. */
export async function readAudio(input: AudioInput, options: OpenAudioOptions = {}): Promise<ReadAudio> {
	const warnings: string[] = [];
	const audio = await openAudio(input, {...options, onWarning: message => warnings.push(message)});
	const blocks: Float32Array[] = [];
	for await (const block of audio.samples) blocks.push(block);
	return {
		samples: concatSamples(blocks),
		description: audio.description,
		durationMs: audio.durationMs,
		warnings,
	};
}

export function concatSamples(blocks: readonly Float32Array[]): Float32Array {
	const whole = new Float32Array(blocks.reduce((sum, block) => sum + block.length, 0));
	let offset = 0;
	for (const block of blocks) {
		whole.set(block, offset);
		offset += block.length;
	}
	return whole;
}
