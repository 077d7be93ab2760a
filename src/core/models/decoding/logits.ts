/** Ids from `from` up to but not including `to`. */
export interface TokenRange {
	readonly from: number;
	readonly to: number;
}

/** Terms below e^-20 of the largest change a sum over a whole vocabulary by less than 1e-4: not worth an exponential. */
const NEGLIGIBLE = 20;

const STEPS_PER_UNIT = 128;

/** e^0, e^(-1/128), ... down to what is negligible. */
const EXPONENTIALS = Float64Array.from({length: NEGLIGIBLE * STEPS_PER_UNIT + 1}, (_, step) =>
	Math.exp(-step / STEPS_PER_UNIT),
);

/**
 * Natural logarithm of the sum of exponentials of the logits in these ranges.
 *
 * @param largest - of them.
 */
export function logSumExp(logits: Float32Array, ranges: readonly TokenRange[], largest: number): number {
	if (largest === -Infinity) return -Infinity;
	let sum = 0;
	for (const {from, to} of ranges) {
		for (let id = from; id < to; id++) {
			const below = largest - logits[id]!;
			if (below < NEGLIGIBLE) {
				// `Math.exp` takes twice as long, a tenth of a step of a decoder. The error is below 1e-8 of a term:
				// the third term of the series for half a step.
				const step = (below * STEPS_PER_UNIT + 0.5) | 0;
				const rest = step / STEPS_PER_UNIT - below;
				sum += EXPONENTIALS[step]! * (1 + rest * (1 + rest * 0.5));
			}
		}
	}
	return largest + Math.log(sum);
}

/** The `count` tokens with the largest logits in these ranges, best first; none whose logit is -Infinity. */
export function topTokens(logits: Float32Array, ranges: readonly TokenRange[], count: number): number[] {
	const best: number[] = [];
	for (const {from, to} of ranges) {
		for (let id = from; id < to; id++) {
			const value = logits[id]!;
			if (value === -Infinity || (best.length === count && value <= logits[best.at(-1)!]!)) continue;
			let place = best.length;
			while (place > 0 && logits[best[place - 1]!]! < value) place--;
			best.splice(place, 0, id);
			if (best.length > count) best.pop();
		}
	}
	return best;
}
