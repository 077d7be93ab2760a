import type {LatencyMultiplier} from '../engine.js';

/** What is known of the work of a session. */
export interface SessionWork {
	readonly latencyMultiplier: LatencyMultiplier;
	/** Processor time for a second of its audio, as measured; undefined before there is a measurement. */
	readonly workPerSecondMs: number | undefined;
}

/**
 * The work of each session, in ms of processor time for a second of audio: what was measured, and for those that
 * are new the mean of those measured, brought to their latency multiplier.
 *
 * @param priorMs - at a latency multiplier of 1, while nothing was measured.
 */
export function predictWork(sessions: readonly SessionWork[], priorMs: number): number[] {
	const measured = sessions.flatMap(({workPerSecondMs, latencyMultiplier}) =>
		workPerSecondMs === undefined ? [] : [workPerSecondMs / relativeWork(latencyMultiplier)],
	);
	const usualMs =
		measured.length === 0 ? priorMs : measured.reduce((sum, work) => sum + work, 0) / measured.length;
	return sessions.map(
		({workPerSecondMs, latencyMultiplier}) => workPerSecondMs ?? usualMs * relativeWork(latencyMultiplier),
	);
}

/**
 * Work of a session in proportion to one with a multiplier of 1, which looks at its audio every second: one part
 * grows with the number of looks, the other with the text. Measured for looks every 0.5, 1 and 2 seconds:
 * 1.63, 1 and 0.62 (`../shared/design/live-policy.md`, step C); the two parts follow from the first two.
 */
function relativeWork(latencyMultiplier: LatencyMultiplier): number {
	return 0.37 + 0.63 / latencyMultiplier;
}
