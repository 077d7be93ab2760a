import type {StretchDelays} from './delay-log.js';
import {joinUnits, type TextUnit} from './text-units.js';

/** One of its texts. */
export interface EvaluatedSession {
	readonly id: string;
	/** With one target: what was spoken and what was written. */
	readonly languagePair: string;
	readonly unit: TextUnit;
	readonly stretches: readonly StretchDelays[];
}

/**
 * What SimulEval 1.1 writes to `instances.log`: a JSON object a line, one line a stretch, because a stretch is what a client has
 * sent up to an end of file. Nobody told us references: `reference` is empty, for whoever scores to fill in.
 */
export function formatInstances(sessions: readonly EvaluatedSession[]): string {
	return sessions
		.flatMap(({id, languagePair, unit, stretches}) =>
			stretches.map(({units, sourceMs}) => ({
				prediction: joinUnits(
					unit,
					units.map(({text}) => text),
				),
				delays: units.map(({delayMs}) => roundMs(delayMs)),
				elapsed: units.map(({elapsedMs}) => roundMs(elapsedMs)),
				prediction_length: units.length,
				reference: '',
				source: [id, languagePair, 'samplerate: 16000'],
				source_length: roundMs(sourceMs),
			})),
		)
		.map((instance, index) => `${JSON.stringify({index, ...instance})}\n`)
		.join('');
}

/** Microseconds are enough. */
export function roundMs(timeMs: number): number {
	return Math.round(timeMs * 1000) / 1000;
}
