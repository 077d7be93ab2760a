import stringWidth from 'string-width';

/** A piece of text that a line may end after, but never inside. */
export interface BreakablePiece {
	/** Offsets into the text; the space between two pieces belongs to neither. */
	readonly start: number;
	readonly end: number;
	/** In terminal columns. */
	readonly width: number;
}

/** Scripts that do not set words apart by spaces. */
const unspaced =
	/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}]/u;
const lettersOrDigits = /[\p{L}\p{N}]/u;
/** Small kana, the long vowel and repetition marks: part of the sound before them. */
const continuing = /^[ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶー々ゝゞヽヾ]/;
const opening = /^[\p{Ps}\p{Pi}¿¡]+$/u;

/**
 * Cuts text where a line may end: at spaces, and between dictionary words where the script has no spaces.
 * Punctuation stays with the word it belongs to: `「` with the next one, `。` and a French ` ?` with the
 * last one.
 *
 * @param text - single spaces only, none at the ends.
 * @param language - code that chooses the dictionary.
 * @param maxWidth - a longer piece, such as a web address, is cut between two characters.
 */
export function splitBreakable(text: string, language: string, maxWidth: number): BreakablePiece[] {
	const ranges = glue(text, splitAtSpaces(text)).flatMap(range =>
		unspaced.test(text.slice(range.start, range.end)) ? splitUnspaced(text, range, language) : [range],
	);
	return ranges.flatMap(range => splitOverlong(text, range, maxWidth));
}

interface Range {
	readonly start: number;
	readonly end: number;
}

function splitAtSpaces(text: string): Range[] {
	// Not \s: a no-break space is there so that no line ends at it.
	return [...text.matchAll(/[^ ]+/g)].map(({index, 0: match}) => ({start: index, end: index + match.length}));
}

/** Pieces without a letter or digit join their neighbour, and a number keeps the unit written against it. */
function glue(text: string, ranges: readonly Range[]): Range[] {
	const glued: Range[] = [];
	let openedAt: number | undefined;
	for (const {start, end} of ranges) {
		const piece = text.slice(start, end);
		const last = glued.at(-1);
		const continues =
			last?.end === start && (continuing.test(piece) || /\p{N}$/u.test(text.slice(last.start, last.end)));
		if (continues) {
			glued[glued.length - 1] = {start: last.start, end};
		} else if (lettersOrDigits.test(piece)) {
			glued.push({start: openedAt ?? start, end});
			openedAt = undefined;
		} else if (opening.test(piece) || last === undefined) {
			openedAt ??= start;
		} else {
			glued[glued.length - 1] = {start: last.start, end};
		}
	}

	if (openedAt !== undefined) glued.push({start: openedAt, end: text.length});
	return glued;
}

function splitUnspaced(text: string, range: Range, language: string): Range[] {
	const segmenter = new Intl.Segmenter(language, {granularity: 'word'});
	const pieces = [...segmenter.segment(text.slice(range.start, range.end))].map(({index, segment}) => ({
		start: range.start + index,
		end: range.start + index + segment.length,
	}));
	return glue(text, pieces);
}

function splitOverlong(text: string, {start, end}: Range, maxWidth: number): BreakablePiece[] {
	const width = stringWidth(text.slice(start, end));
	if (width <= maxWidth) return [{start, end, width}];
	const pieces: BreakablePiece[] = [];
	let piece = {start, end: start, width: 0};
	for (const {index, segment} of new Intl.Segmenter().segment(text.slice(start, end))) {
		const segmentWidth = stringWidth(segment);
		if (piece.width > 0 && piece.width + segmentWidth > maxWidth) {
			pieces.push(piece);
			piece = {start: start + index, end: start + index, width: 0};
		}

		piece = {
			start: piece.start,
			end: start + index + segment.length,
			width: piece.width + segmentWidth,
		};
	}

	pieces.push(piece);
	return pieces;
}
