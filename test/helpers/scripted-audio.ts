import {createRandom} from '../../src/core/util/random.js';

/** Noise with a pause of a second in every five: something that a scripted engine hears words in. */
export function scriptedAudio(seconds: number, seed = 1): Float32Array {
	const random = createRandom(seed);
	return Float32Array.from({length: seconds * 16_000}, (_, index) =>
		index % 80_000 < 64_000 ? random() - 0.5 : 0,
	);
}
