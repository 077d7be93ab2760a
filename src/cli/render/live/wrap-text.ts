import stringWidth from 'string-width';

/** A line of some text, as offsets into it. */
export interface LineSpan {
	readonly start: number;
	readonly end: number;
}

const graphemes = new Intl.Segmenter('en', {granularity: 'grapheme'});

/**
 * Breaks text into lines of at most `width` terminal columns: after spaces, beside characters that are two columns
 * wide, and inside words that are wider than a line. Spaces around a break belong to no line.
 *
 * @param width - 2 or more.
 */
export function wrapText(text: string, width: number): LineSpan[] {
	const lines: LineSpan[] = [];
	let start = 0;
	let columns = 0;
	/** Where the line may be broken, and how wide it is up to there. */
	let break_: {readonly at: number; readonly columns: number} | undefined;
	let wasWide = false;
	for (const {segment, index} of graphemes.segment(text)) {
		const isSpace = /^\s$/u.test(segment);
		const segmentColumns = /^[\x20-\x7e]$/.test(segment) || isSpace ? 1 : stringWidth(segment);
		if (isSpace && columns === 0) {
			start = index + segment.length;
			continue;
		}

		const isWide = segmentColumns > 1;
		if (columns > 0 && (isSpace || isWide || wasWide)) break_ = {at: index, columns};
		if (!isSpace && columns + segmentColumns > width) {
			const at = break_?.at ?? index;
			const usedColumns = break_?.columns ?? columns;
			lines.push(spanOf(text, start, at));
			start = at + (text.slice(at, index).length - text.slice(at, index).trimStart().length);
			columns -= usedColumns + (start - at);
			break_ = undefined;
		}

		columns += segmentColumns;
		wasWide = isWide;
	}

	if (text.slice(start).trim() !== '') lines.push(spanOf(text, start, text.length));
	return lines;
}

function spanOf(text: string, start: number, end: number): LineSpan {
	return {start, end: start + text.slice(start, end).trimEnd().length};
}
