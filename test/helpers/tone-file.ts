import {writeFile} from 'node:fs/promises';

import {makeWav} from './make-wav.js';

/** Writes a short recording that every decoder reads: what it says is up to the translator's script. */
export async function writeToneFile(path: string): Promise<string> {
	const samples = Int16Array.from({length: 1600}, (_, index) => 8000 * Math.sin(index / 5));
	await writeFile(path, makeWav({bitsPerSample: 16, data: new Uint8Array(samples.buffer)}));
	return path;
}
