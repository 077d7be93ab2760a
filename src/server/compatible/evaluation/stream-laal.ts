import {laal} from '../../../core/scoring/laal.js';
import type {StretchDelays} from './delay-log.js';

/** Clocks of sound cards are not ours: so much earlier than spoken is still real time. */
const MAX_EARLY_MS = 500;

export interface SegmentLag {
	/** Its number within the session. */
	readonly segment: number;
	/** Within the stretch. */
	readonly startMs: number;
	readonly endMs: number;
	readonly lagMs: number;
	/** The same with the time that computing and waiting took. */
	readonly lagWithComputingMs: number;
}

/**
 * The lag of each segment that has text, as StreamLAAL takes it (Papi, Gaido, Negri and Bentivogli 2024, "StreamAtt:
 * Direct Streaming Speech-to-Text Translation with Attention-based Audio History Selection", section 4): delays are counted from
 * where the segment begins, and lagging is that of {@link laal}. The paper cuts the text along reference sentences; a
 * server has none, so these are the segments that were heard, and their own length stands for that of the reference.
 */
export function segmentLags(stretch: StretchDelays): readonly SegmentLag[] {
	return stretch.segments.flatMap(({segment, startMs, endMs}) => {
		const units = stretch.units.filter(unit => unit.segment === segment);
		const lagOf = (times: readonly number[]): number | undefined =>
			laal(
				times.map(timeMs => timeMs - startMs),
				endMs - startMs,
				units.length,
			);
		const lagMs = lagOf(units.map(({delayMs}) => delayMs));
		const lagWithComputingMs = lagOf(units.map(({elapsedMs}) => elapsedMs));
		if (lagMs === undefined || lagWithComputingMs === undefined) return [];
		return [{segment, startMs, endMs, lagMs, lagWithComputingMs}];
	});
}

export interface StreamLag {
	readonly lagMs: number;
	/** Undefined where audio came faster than it was spoken: then nobody can say when it would have been heard. */
	readonly lagWithComputingMs: number | undefined;
}

/** The mean over all segments with text; undefined where there is none. */
export function streamLaal(stretches: readonly StretchDelays[]): StreamLag | undefined {
	const lags = stretches.flatMap(segmentLags);
	if (lags.length === 0) return undefined;
	const mean = (of: (lag: SegmentLag) => number): number =>
		lags.reduce((sum, lag) => sum + of(lag), 0) / lags.length;
	return {
		lagMs: mean(lag => lag.lagMs),
		lagWithComputingMs: stretches.every(isInRealTime) ? mean(lag => lag.lagWithComputingMs) : undefined,
	};
}

function isInRealTime({units}: StretchDelays): boolean {
	return units.every(({delayMs, elapsedMs}) => elapsedMs >= delayMs - MAX_EARLY_MS);
}
