import {CueOrder} from './cue-order.js';
import {cutCues} from './cut-cues.js';
import {toOneLine} from './format-text.js';
import {formatClockTime} from './format-time.js';
import {splitWords} from './split-words.js';
import {languageOfText, type SubtitleFormatter, type SubtitleOptions} from './subtitle-formatter.js';

/** SubRip (`.srt`). It has no place for times inside a cue, so with `words` each word is a cue. */
export function createSubripFormatter(options: SubtitleOptions): SubtitleFormatter {
	const order = new CueOrder();
	let number = 0;
	return {
		begin: () => '',
		segment(segment) {
			const cues = options.words
				? splitWords(segment).map(word => ({...word, lines: [toOneLine(word.text)]}))
				: cutCues(segment, languageOfText(segment, options), options);
			return cues
				.map(cue => {
					const {startMs, endMs, lines} = order.place(cue);
					number++;
					const times = `${formatClockTime(startMs, ',')} --> ${formatClockTime(endMs, ',')}`;
					return `${number}\n${times}\n${lines.map(withoutArrow).join('\n')}\n\n`;
				})
				.join('');
		},
		end: () => '',
	};
}

/** SubRip has no escapes, and an arrow in the text would be read as a line of times. */
function withoutArrow(line: string): string {
	return line.replaceAll('-->', '->');
}
