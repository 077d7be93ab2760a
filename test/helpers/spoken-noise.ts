import {hearScriptedWord} from '../../src/core/engine/testing/scripted-words.js';
import {createRandom} from '../../src/core/util/random.js';
import {makeWav} from './make-wav.js';

const WORD_SAMPLES = 8000;

/** Audio for a scripted engine, and what it hears in it. */
export interface SpokenNoise {
	/** A WAV file. */
	readonly wav: Buffer;
	/** The samples of the file alone, 16-bit little-endian. */
	readonly raw: Buffer;
	/** Texts of the segments, in the language spoken. */
	readonly segments: readonly string[];
}

/**
 * Noise that a scripted engine takes for speech.
 *
 * @param wordCounts - of each segment, 1..8 words of half a second; half a second of silence follows each.
 */
export function makeSpokenNoise(...wordCounts: readonly number[]): SpokenNoise {
	const random = createRandom(1);
	const samples: number[] = [];
	const segments = wordCounts.map(count => {
		const words = Array.from({length: count}, () => {
			const word = Int16Array.from({length: WORD_SAMPLES}, () => Math.round((random() - 0.5) * 20_000));
			samples.push(...word);
			return hearScriptedWord(Float32Array.from(word, sample => sample / 0x8000))!;
		});
		for (let index = 0; index < WORD_SAMPLES; index++) samples.push(0);
		return words.join(' ');
	});
	const raw = Buffer.from(Int16Array.from(samples).buffer);
	return {wav: makeWav({bitsPerSample: 16, data: raw}), raw, segments};
}
