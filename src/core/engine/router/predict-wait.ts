/** What is known of the sessions in front of one that waits. */
export interface RunningSessions {
	/** How long those that run have run. */
	readonly agesMs: readonly number[];
	/** How long those took that ended lately. */
	readonly durationsMs: readonly number[];
	/** How many may run at once. */
	readonly places: number;
}

/** How long a session takes while none has ended yet. */
const USUAL_DURATION_MS = 300_000;

/**
 * When a session that waits will probably begin, in ms from now.
 *
 * A session that runs is expected to go on as long as sessions went on, on average, that had reached its age; where
 * none ever had, as long again as it has run. Those that wait take the places in order and keep them for the mean
 * duration. It does not foresee replicas that are being started.
 *
 * @param position - 1 is next.
 */
export function predictWait(position: number, {agesMs, durationsMs, places}: RunningSessions): number {
	if (places < 1) return USUAL_DURATION_MS;
	const freeInMs = agesMs.map(ageMs => remainingMs(ageMs, durationsMs));
	while (freeInMs.length < places) freeInMs.push(0);
	freeInMs.sort((a, b) => a - b);
	// Were more admitted than there are places now, the first to end make no room.
	freeInMs.splice(0, freeInMs.length - places);
	const durationMs = meanOf(durationsMs) ?? USUAL_DURATION_MS;
	for (let before = 1; before < position; before++) {
		const first = freeInMs.shift()! + durationMs;
		const at = freeInMs.findIndex(other => other > first);
		freeInMs.splice(at === -1 ? freeInMs.length : at, 0, first);
	}
	return Math.round(freeInMs[0]!);
}

function remainingMs(ageMs: number, durationsMs: readonly number[]): number {
	if (durationsMs.length === 0) return Math.max(USUAL_DURATION_MS - ageMs, ageMs);
	const longer = durationsMs.filter(durationMs => durationMs > ageMs);
	return longer.length === 0 ? ageMs : meanOf(longer)! - ageMs;
}

function meanOf(values: readonly number[]): number | undefined {
	return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
