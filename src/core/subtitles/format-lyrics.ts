import {toOneLine} from './format-text.js';
import {formatLyricsTime} from './format-time.js';
import type {SubtitleFormatter, SubtitleOptions, SubtitleSegment} from './subtitle-formatter.js';

/** LRC lyrics: a line a segment. With `words` the enhanced kind, a time before every word. */
export function createLyricsFormatter({words}: SubtitleOptions): SubtitleFormatter {
	return {
		begin: () => '',
		segment: segment =>
			`[${formatLyricsTime(segment.startMs)}]${words ? formatWords(segment) : toOneLine(segment.text)}\n`,
		end: () => '',
	};
}

function formatWords({words = [], text}: SubtitleSegment): string {
	if (words.length === 0) return toOneLine(text);
	// The word's own leading space stays where it is: languages without spaces have none.
	return words
		.map((word, index) => {
			const spaced = word.text.replaceAll(/\s+/g, ' ');
			const bare = spaced.trimStart();
			const space = index > 0 && bare.length < spaced.length ? ' ' : '';
			return `${space}<${formatLyricsTime(word.startMs)}>${bare}`;
		})
		.join('')
		.trimEnd();
}
