/**
 * Length-adaptive average lagging of one sentence or segment, ms (Papi, Gaido, Negri and Turchi 2022, "Over-Generation
 * Cannot Be Rewarded"): how far, on average, each unit came behind an ideal that spreads them evenly over the
 * source. Units after the first that came when the source was over are left out, as they say nothing.
 *
 * @param delaysMs - of each unit, from the beginning of the source; undefined is returned where there are none.
 * @param sourceMs - length of the source.
 * @param referenceLength - units of the reference translation; without one, pass the number of units.
 */
export function laal(
	delaysMs: readonly number[],
	sourceMs: number,
	referenceLength: number,
): number | undefined {
	const [first] = delaysMs;
	if (first === undefined) return undefined;
	if (first > sourceMs) return first;
	const paceMs = sourceMs / Math.max(delaysMs.length, referenceLength);
	const firstLate = delaysMs.findIndex(delayMs => delayMs >= sourceMs);
	const counted = firstLate === -1 ? delaysMs : delaysMs.slice(0, firstLate + 1);
	return counted.reduce((sum, delayMs, index) => sum + delayMs - index * paceMs, 0) / counted.length;
}
