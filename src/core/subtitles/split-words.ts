import type {SubtitleSegment} from './subtitle-formatter.js';

export interface Utterance {
	readonly startMs: number;
	readonly endMs: number;
	readonly text: string;
}

/** A segment's words, each for itself and without the spaces around it; the segment where it has none. */
export function splitWords(segment: SubtitleSegment): readonly Utterance[] {
	const words = (segment.words ?? [])
		.map(({startMs, endMs, text}) => ({startMs, endMs, text: text.trim()}))
		.filter(({text}) => text !== '');
	return words.length > 0 ? words : [segment];
}
