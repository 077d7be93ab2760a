import {fileURLToPath} from 'node:url';

import {SAMPLE_RATE_HZ} from '../core/audio/audio-source.js';
import {openAudio} from '../core/audio/open-audio.js';

/** Recordings that come with the program: who speaks and under which licence is in `examples/SOURCES.md`. */
const RECORDINGS = {
	english: new URL('../../examples/kennedy-1961.flac', import.meta.url),
	spanish: new URL('../../examples/spanish-synthesised.flac', import.meta.url),
};

/** What the checks say to a server: mono float32 at 16 kHz, about 11 s. */
export async function readSpeech(sourceLanguage: string, signal: AbortSignal): Promise<Float32Array> {
	const url = /^(?:spanish|es)$/i.test(sourceLanguage) ? RECORDINGS.spanish : RECORDINGS.english;
	const {samples} = await openAudio({kind: 'file', path: fileURLToPath(url)}, {signal});
	const blocks: Float32Array[] = [];
	for await (const block of samples) blocks.push(block);
	return concatenate(blocks);
}

/** A stretch of nothing. */
export function silence(seconds: number): Float32Array {
	return new Float32Array(seconds * SAMPLE_RATE_HZ);
}

export function concatenate(blocks: readonly Float32Array[]): Float32Array {
	const all = new Float32Array(blocks.reduce((length, block) => length + block.length, 0));
	let at = 0;
	for (const block of blocks) {
		all.set(block, at);
		at += block.length;
	}

	return all;
}
