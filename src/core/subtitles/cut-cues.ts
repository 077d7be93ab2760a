import type {TimedWord} from '../translation/translation-event.js';
import {breakLines, type CueText, type LineLimits} from './break-lines.js';
import type {Cue, WordStart} from './cue.js';
import type {SubtitleSegment} from './subtitle-formatter.js';

/**
 * The subtitles of one segment: one where it fits, several where it does not. Each is shown while its
 * words are spoken: by the words' own times where the segment has them, else by its share of the text.
 *
 * @param language - code of the language the text is in.
 */
export function cutCues(segment: SubtitleSegment, language: string, limits: LineLimits): Cue[] {
	const text = segment.text.replaceAll(/[ \t\r\n]+/g, ' ').trim();
	const timing = timeByWords(text, segment) ?? timeByShare(text, segment);
	return breakLines(text, language, limits).map(cue => ({
		startMs: timing.startAt(cue.start),
		endMs: timing.endAt(cue.end),
		lines: cue.lines.map(line => line.text),
		wordStarts: timing.wordStarts(cue),
	}));
}

/** Maps offsets into a segment's text to ms. */
interface Timing {
	/** Of the character at this offset. */
	startAt(offset: number): number;
	/** Of the character before this offset. */
	endAt(offset: number): number;
	wordStarts(cue: CueText): WordStart[];
}

function timeByShare(text: string, {startMs, endMs}: SubtitleSegment): Timing {
	const inkTotal = Math.max(countInk(text), 1);
	const timeAt = (offset: number) =>
		Math.round(startMs + ((endMs - startMs) * countInk(text.slice(0, offset))) / inkTotal);
	return {startAt: timeAt, endAt: timeAt, wordStarts: () => []};
}

/** Undefined unless the words spell the text: times of other words would be worse than shares. */
function timeByWords(text: string, {words = [], startMs, endMs}: SubtitleSegment): Timing | undefined {
	const spelt = words.reduce((sum, word) => sum + countInk(word.text), 0);
	if (spelt === 0 || spelt !== countInk(text)) return undefined;
	// The word that each inked character of the text belongs to.
	const owners: TimedWord[] = words.flatMap(word => new Array<TimedWord>(countInk(word.text)).fill(word));
	return {
		// The segment's own ends hold where the first and the last word would leave speech uncovered.
		startAt: offset => (offset === 0 ? startMs : owners[countInk(text.slice(0, offset))]!.startMs),
		endAt: offset => (offset === text.length ? endMs : owners[countInk(text.slice(0, offset)) - 1]!.endMs),
		wordStarts: cue =>
			cue.lines.flatMap((line, index) =>
				findWordStarts(line.text, countInk(text.slice(0, line.start)), owners, index),
			),
	};
}

function findWordStarts(
	text: string,
	inkBefore: number,
	owners: readonly TimedWord[],
	line: number,
): WordStart[] {
	const starts: WordStart[] = [];
	let ink = inkBefore;
	for (let offset = 0; offset < text.length; offset++) {
		if (countInk(text[offset]!) === 0) continue;
		const word = owners[ink]!;
		if (ink === 0 || owners[ink - 1] !== word) starts.push({line, offset, startMs: word.startMs});
		ink++;
	}

	return starts;
}

/** Characters (UTF-16 units) that are not white space: the same however spaces are normalised. */
function countInk(text: string): number {
	return text.replaceAll(/\s/g, '').length;
}
