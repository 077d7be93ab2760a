import {roundMs} from './format-instances.js';
import type {StretchDelays} from './delay-log.js';
import {segmentLags, streamLaal} from './stream-laal.js';
import type {TextUnit} from './text-units.js';

/** The figures of a session; null where nothing was measured. */
export function describeDelays(
	unit: TextUnit,
	stretches: readonly StretchDelays[],
): Readonly<Record<string, unknown>> {
	const lag = streamLaal(stretches);
	const units = stretches.flatMap(stretch => stretch.units);
	const sourceMs = stretches.reduce((sum, stretch) => sum + stretch.sourceMs, 0);
	return {
		stream_laal: roundOrNull(lag?.lagMs),
		stream_laal_ca: roundOrNull(lag?.lagWithComputingMs),
		[unit === 'word' ? 'total_words' : 'total_characters']: units.length,
		segments: stretches.reduce((count, {segments}) => count + segments.length, 0),
		language_type: unit,
		instances: stretches.length,
		source_length: roundMs(sourceMs),
		last_delay: roundOrNull(units.at(-1)?.delayMs),
		last_elapsed: roundOrNull(units.at(-1)?.elapsedMs),
	};
}

/** Each stretch with its segments and units, in order. */
export function describeSegments(
	stretches: readonly StretchDelays[],
): readonly Readonly<Record<string, unknown>>[] {
	return stretches.map((stretch, index) => ({
		index,
		source_length: roundMs(stretch.sourceMs),
		segments: segmentLags(stretch).map(({segment, startMs, endMs, lagMs}) => ({
			start_ms: roundMs(startMs),
			end_ms: roundMs(endMs),
			laal: roundMs(lagMs),
			units: stretch.units
				.filter(unit => unit.segment === segment)
				.map(({text, delayMs, elapsedMs}) => ({text, delay: roundMs(delayMs), elapsed: roundMs(elapsedMs)})),
		})),
	}));
}

function roundOrNull(timeMs: number | undefined): number | null {
	return timeMs === undefined ? null : roundMs(timeMs);
}
