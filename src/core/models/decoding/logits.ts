/** Terms below e^-20 of the largest change a sum over a whole vocabulary by less than 1e-4: not worth an exponential. */
const NEGLIGIBLE = 20;

const STEPS_PER_UNIT = 128;

/** e^0, e^(-1/128), ... down to what is negligible. */
const EXPONENTIALS = Float64Array.from({length: NEGLIGIBLE * STEPS_PER_UNIT + 1}, (_, step) =>
	Math.exp(-step / STEPS_PER_UNIT),
);

/**
 * Natural logarithm of the sum of exponentials of the logits `from` .. `to` - 1.
 *
 * @param largest - of them.
 */
export function logSumExp(logits: Float32Array, from: number, to: number, largest: number): number {
	if (largest === -Infinity) return -Infinity;
	let sum = 0;
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
	return largest + Math.log(sum);
}

export function largestOf(logits: Float32Array): number {
	let largest = -Infinity;
	for (const value of logits) if (value > largest) largest = value;
	return largest;
}

/** The `count` largest, best first; none that is -Infinity. */
export function largestIds(logits: Float32Array, count: number): number[] {
	const best: number[] = [];
	let threshold = -Infinity;
	for (let id = 0; id < logits.length; id++) {
		const value = logits[id]!;
		if (value <= threshold) continue;
		let place = best.length;
		while (place > 0 && logits[best[place - 1]!]! < value) place--;
		best.splice(place, 0, id);
		if (best.length > count) best.pop();
		if (best.length === count) threshold = logits[best[count - 1]!]!;
	}
	return best;
}
