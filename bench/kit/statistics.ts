/** The middle value, or the mean of the two in the middle. NaN without values. */
export function median(values: readonly number[]): number {
	const sorted = [...values].sort((left, right) => left - right);
	const middle = sorted.length / 2;
	return sorted.length % 2 === 1
		? sorted[Math.floor(middle)]!
		: ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/**
 * The value below which a share of the values lies, by linear interpolation. NaN without values.
 *
 * @param share - 0..1, for example 0.95.
 */
export function quantile(values: readonly number[], share: number): number {
	const sorted = [...values].sort((left, right) => left - right);
	const place = share * (sorted.length - 1);
	const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
	return below === undefined || above === undefined
		? Number.NaN
		: below + (above - below) * (place - Math.floor(place));
}

/** Median, smallest and largest, for a table that shows how far runs lay apart. */
export function summarise(values: readonly number[]): {median: number; minimum: number; maximum: number} {
	return {median: median(values), minimum: Math.min(...values), maximum: Math.max(...values)};
}

/** Slope of the line with the least squares of vertical distances. NaN with fewer than two points. */
export function slope(xs: readonly number[], ys: readonly number[]): number {
	const meanX = mean(xs);
	const meanY = mean(ys);
	const covariance = xs.reduce((sum, x, index) => sum + (x - meanX) * (ys[index]! - meanY), 0);
	return covariance / xs.reduce((sum, x) => sum + (x - meanX) ** 2, 0);
}

/** NaN without values. */
export function mean(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}
