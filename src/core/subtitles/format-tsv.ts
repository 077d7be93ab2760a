import {toOneLine} from './format-text.js';
import {splitWords} from './split-words.js';
import type {SubtitleFormatter, SubtitleOptions} from './subtitle-formatter.js';

/** Tab-separated values, as other Whisper programs write them: start and end in ms, text. A row a word with `words`. */
export function createTsvFormatter({words}: SubtitleOptions): SubtitleFormatter {
	return {
		begin: () => 'start\tend\ttext\n',
		segment: segment =>
			(words ? splitWords(segment) : [segment])
				.map(({startMs, endMs, text}) => `${Math.round(startMs)}\t${Math.round(endMs)}\t${toOneLine(text)}\n`)
				.join(''),
		end: () => '',
	};
}
