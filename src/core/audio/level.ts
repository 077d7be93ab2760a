/** Digital silence has no level; this is below what 16 bits can hold. */
const FLOOR_DECIBELS = -100;

/** Loudness of some samples (root mean square), in dB below full scale: -100..0. */
export function levelDecibels(samples: Float32Array): number {
	let energy = 0;
	for (const sample of samples) energy += sample * sample;
	const level = 10 * Math.log10(energy / Math.max(samples.length, 1));
	return Math.min(0, Math.max(FLOOR_DECIBELS, level));
}
