export interface Similarity {
	/** Normalised correlation at the best lag: 1 is the same shape, whatever the level. */
	readonly correlation: number;
	/** Samples that `signal` comes later than `reference`; found within 32. */
	readonly lag: number;
	/** Level of `signal` against `reference` at that lag; 1 is the same. */
	readonly gain: number;
}

const MAX_LAG = 32;

/** How alike two signals are, apart from a small shift in time. */
export function compareSignals(reference: Float32Array, signal: Float32Array): Similarity {
	let best: Similarity = {correlation: -1, lag: 0, gain: 0};
	for (let lag = -MAX_LAG; lag <= MAX_LAG; lag++) {
		let product = 0;
		let referenceEnergy = 0;
		let signalEnergy = 0;
		const start = Math.max(0, -lag);
		const end = Math.min(reference.length, signal.length - lag);
		for (let index = start; index < end; index++) {
			const wanted = reference[index]!;
			const got = signal[index + lag]!;
			product += wanted * got;
			referenceEnergy += wanted * wanted;
			signalEnergy += got * got;
		}
		const correlation = product / Math.sqrt(referenceEnergy * signalEnergy);
		if (correlation > best.correlation) best = {correlation, lag, gain: product / referenceEnergy};
	}
	return best;
}

/** Root of the mean square. */
export function level(samples: Float32Array): number {
	let energy = 0;
	for (const sample of samples) energy += sample * sample;
	return Math.sqrt(energy / samples.length);
}
