import type {SubtitleFormatter} from './subtitle-formatter.js';

/** Plain text: one line a segment. */
export function createTextFormatter(): SubtitleFormatter {
	return {
		begin: () => '',
		segment: ({text}) => `${toOneLine(text)}\n`,
		end: () => '',
	};
}

/** Text without the characters that end a line or a column. */
export function toOneLine(text: string): string {
	return text.replaceAll(/[\t\r\n\u2028\u2029]+/g, ' ').trim();
}
