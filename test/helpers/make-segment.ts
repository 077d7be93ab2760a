import type {Segment, TimedWord} from '../../src/core/translation/translation-event.js';

/** A segment with what a test does not care about filled in. */
export function makeSegment(parts: Partial<Segment> & {readonly text: string}): Segment {
	return {
		index: 0,
		startMs: 0,
		endMs: 4000,
		sourceLanguage: 'en',
		averageLogProbability: -0.25,
		noSpeechProbability: 0.02,
		compressionRatio: 1.3,
		temperature: 0,
		...parts,
	};
}

/** Words of equal length from `startMs`, `eachMs` apart, spelt as Whisper does: with their leading space. */
export function makeWords(texts: readonly string[], startMs: number, eachMs: number): TimedWord[] {
	return texts.map((text, index) => ({
		text,
		startMs: startMs + index * eachMs,
		endMs: startMs + (index + 1) * eachMs,
		probability: 0.9,
	}));
}
