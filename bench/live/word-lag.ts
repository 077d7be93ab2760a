import {alignUnits} from '../../src/core/scoring/edit-alignment.js';
import {type ClientRecord, sentAtMs} from './paced-client.js';
import {splitUnits} from './text-units.js';

/** A word of a recording; times from its first sample. */
export interface SpokenWord {
	readonly text: string;
	readonly startMs: number;
	readonly endMs: number;
}

type Received = Pick<ClientRecord, 'finals' | 'audioMs'>;

/**
 * How long after it was spoken each word of the captions was final, in ms of wall time: from when the client sent the
 * block with the word's end to when the client had the final text. Only words that are right count: those that the
 * cheapest alignment of both texts matches.
 *
 * @param spoken - words of the same recording with the times that the whole-file translator gives them.
 */
export function measureCaptionLags(
	spoken: readonly SpokenWord[],
	record: Received,
	language: string,
	blockMs: number,
): number[] {
	const said = spoken.flatMap(({text, endMs}) => splitUnits(text, language).map(unit => ({unit, endMs})));
	const written = record.finals.flatMap(({text, atMs}) =>
		splitUnits(text, language).map(unit => ({unit, atMs})),
	);
	const steps = alignUnits(
		said.map(({unit}) => unit),
		written.map(({unit}) => unit),
	);
	return steps.flatMap(step => {
		if (step.type !== 'match') return [];
		// A word is timed to end after the last sample now and then.
		const endMs = Math.min(said[step.referenceIndex]!.endMs, record.audioMs);
		return [written[step.hypothesisIndex]!.atMs - sentAtMs(endMs, blockMs)];
	});
}

/**
 * The same for a translation, whose words have no times of their own: for each word from when the client sent the end
 * of the audio that its text was heard in.
 *
 * @param language - that is written.
 */
export function measureTranslationLags(record: Received, language: string, blockMs: number): number[] {
	return record.finals.flatMap(({text, endMs, atMs}) => {
		if (endMs === undefined) return [];
		const lagMs = atMs - sentAtMs(Math.min(endMs, record.audioMs), blockMs);
		return splitUnits(text, language).map(() => lagMs);
	});
}
