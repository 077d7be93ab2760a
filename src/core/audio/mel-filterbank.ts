/** One triangular filter of a bank: only the bins it covers, because nearly all others are zero. */
export interface MelFilter {
	/** Index of the first bin with a weight. */
	readonly firstBin: number;
	/** Weights of `firstBin` and the bins after it; may be empty where a triangle fits between two bins. */
	readonly weights: Float64Array;
}

export interface MelFilterbankOptions {
	readonly melBins: number;
	/** Size of the transform; its spectrum has `fftSize / 2 + 1` bins. */
	readonly fftSize: number;
	readonly sampleRateHz: number;
}

/**
 * Triangular filters from 0 Hz to half the sample rate, evenly spaced on Slaney's mel scale and scaled to
 * equal area, as `librosa.filters.mel` defines them and Whisper was trained with.
 */
export function createMelFilterbank({melBins, fftSize, sampleRateHz}: MelFilterbankOptions): MelFilter[] {
	const highestMel = hertzToMel(sampleRateHz / 2);
	const cornersHz = Array.from({length: melBins + 2}, (_, index) =>
		melToHertz((highestMel * index) / (melBins + 1)),
	);
	const hertzPerBin = sampleRateHz / fftSize;
	return Array.from({length: melBins}, (_, index) => {
		const lowHz = cornersHz[index]!;
		const peakHz = cornersHz[index + 1]!;
		const highHz = cornersHz[index + 2]!;
		const firstBin = Math.floor(lowHz / hertzPerBin) + 1;
		const binAfterLast = Math.max(firstBin, Math.ceil(highHz / hertzPerBin));
		const equalArea = 2 / (highHz - lowHz);
		const weights = Float64Array.from({length: binAfterLast - firstBin}, (_unused, offset) => {
			const binHz = (firstBin + offset) * hertzPerBin;
			return equalArea * Math.min((binHz - lowHz) / (peakHz - lowHz), (highHz - binHz) / (highHz - peakHz));
		});
		return {firstBin, weights};
	});
}

// Slaney's Auditory Toolbox: linear below 1 kHz (15 mel), logarithmic above, 27 steps for a factor of 6.4.
const LINEAR_HERTZ_PER_MEL = 200 / 3;
const LOGARITHMIC_FROM_HZ = 1000;
const LOGARITHMIC_FROM_MEL = LOGARITHMIC_FROM_HZ / LINEAR_HERTZ_PER_MEL;
const LOG_HERTZ_PER_MEL = Math.log(6.4) / 27;

function hertzToMel(hertz: number): number {
	return hertz < LOGARITHMIC_FROM_HZ
		? hertz / LINEAR_HERTZ_PER_MEL
		: LOGARITHMIC_FROM_MEL + Math.log(hertz / LOGARITHMIC_FROM_HZ) / LOG_HERTZ_PER_MEL;
}

function melToHertz(mel: number): number {
	return mel < LOGARITHMIC_FROM_MEL
		? mel * LINEAR_HERTZ_PER_MEL
		: LOGARITHMIC_FROM_HZ * Math.exp(LOG_HERTZ_PER_MEL * (mel - LOGARITHMIC_FROM_MEL));
}
