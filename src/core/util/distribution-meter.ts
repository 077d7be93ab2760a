/** Percentiles are of so many newest values. */
const RECENT = 1000;

/** Count, mean and largest of all values, percentiles of the newest thousand; 0 where there is none. */
export interface DistributionSummary {
	readonly count: number;
	readonly mean: number;
	readonly p50: number;
	readonly p95: number;
	readonly max: number;
}

/** Measures how a quantity is distributed. Adding costs next to nothing, so that it may stay on. */
export class DistributionMeter {
	readonly #recent = new Float64Array(RECENT);
	#count = 0;
	#sum = 0;
	#max = -Infinity;

	add(value: number): void {
		this.#recent[this.#count % RECENT] = value;
		this.#count++;
		this.#sum += value;
		if (value > this.#max) this.#max = value;
	}

	summary(): DistributionSummary {
		const count = this.#count;
		if (count === 0) return {count: 0, mean: 0, p50: 0, p95: 0, max: 0};
		const sorted = this.#recent.slice(0, count).sort();
		// Nearest rank: the smallest value that so large a share of the values does not exceed.
		const percentile = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1]!;
		return {
			count,
			mean: this.#sum / count,
			p50: percentile(0.5),
			p95: percentile(0.95),
			max: this.#max,
		};
	}
}
