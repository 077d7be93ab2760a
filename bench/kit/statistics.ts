/** The middle value, or the mean of the two in the middle. NaN without values. */
export function median(values: readonly number[]): number {
	const sorted = [...values].sort((left, right) => left - right);
	const middle = sorted.length / 2;
	return sorted.length % 2 === 1
		? sorted[Math.floor(middle)]!
		: ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** Median, smallest and largest, for a table that shows how far runs lay apart. */
export function summarise(values: readonly number[]): {median: number; minimum: number; maximum: number} {
	return {median: median(values), minimum: Math.min(...values), maximum: Math.max(...values)};
}
