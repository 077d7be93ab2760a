const CONSONANTS = 'bdfghjklmnprstvz';
const VOWELS = 'aeio';

/** Below this everything is a pause. */
const SILENCE = 1e-4;

/**
 * The word that a scripted engine hears: three syllables made of a checksum (FNV-1a) of the samples' bits, so that
 * another sample, or the same ones elsewhere, are another word. Undefined for silence.
 */
export function hearScriptedWord(samples: Float32Array): string | undefined {
	if (samples.every(sample => Math.abs(sample) < SILENCE)) return undefined;
	let sum = 0x811c9dc5;
	// A copy: the view may begin anywhere.
	for (const byte of new Uint8Array(samples.slice().buffer)) sum = Math.imul(sum ^ byte, 0x01000193);
	let word = '';
	for (let syllable = 0; syllable < 3; syllable++) {
		const bits = sum >>> (syllable * 10);
		word += CONSONANTS[bits & 15]! + VOWELS[(bits >>> 4) & 3]!;
	}
	return word;
}

/** What a scripted engine makes of a word for a target: `same` keeps it, `de` writes `bamolu-de`. */
export function translateScriptedWord(word: string, target: string): string {
	return target === 'same' ? word : `${word}-${target}`;
}
