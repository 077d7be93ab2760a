import {splitBreakable, type BreakablePiece} from './split-breakable.js';

export interface LineLimits {
	/** In terminal columns; at least 2. */
	readonly maxLineWidth: number;
	readonly maxLines: number;
}

/** The text of one subtitle: where it stands in the segment's text, and its lines. */
export interface CueText {
	readonly start: number;
	readonly end: number;
	readonly lines: readonly CueLine[];
}

export interface CueLine {
	readonly start: number;
	readonly text: string;
}

/**
 * What a break costs, compared with the unused part of a line, which costs its square (0..1). A line
 * break inside a subtitle is read across; the end of a subtitle takes its text away, so it should stand
 * where a thought ends. Fitted by eye on the dev clips.
 */
const breakCosts = {
	line: {sentence: 0, clause: 0.03, word: 0.1, shortWord: 0.25},
	cue: {sentence: 0, clause: 0.15, word: 0.5, shortWord: 0.8},
} as const;
/** For each subtitle: two when one would do are an interruption. */
const cueCost = 0.5;
/** For a line of a single short word. */
const widowCost = 0.3;
/** A line below this share of the width may be a widow. */
const widowShare = 0.25;

/**
 * Lays text out as subtitles of at most `maxLines` lines: as few as possible, lines of about the same
 * length, breaks after sentences and clauses where that costs little, none after an article or a
 * preposition, no line of one short word. The cheapest layout of all, by dynamic programming.
 *
 * @param text - single spaces only, none at the ends.
 * @param language - code of the language the text is in.
 */
export function breakLines(text: string, language: string, limits: LineLimits): CueText[] {
	const pieces = splitBreakable(text, language, limits.maxLineWidth);
	const layout = findCheapestLayout(text, pieces, limits);
	return layout.map(lines => ({
		start: pieces[lines[0]!.from]!.start,
		end: pieces[lines.at(-1)!.to - 1]!.end,
		lines: lines.map(({from, to}) => {
			const {start} = pieces[from]!;
			return {start, text: text.slice(start, pieces[to - 1]!.end)};
		}),
	}));
}

/** Pieces `from` up to but not including `to`. */
interface Line {
	readonly from: number;
	readonly to: number;
}

/** The cheapest way to a line's end, given how many lines its subtitle has by then. */
interface Layout {
	readonly cost: number;
	readonly line: Line;
	readonly previous: Layout | undefined;
	readonly startsCue: boolean;
}

function findCheapestLayout(text: string, pieces: readonly BreakablePiece[], limits: LineLimits): Line[][] {
	const count = pieces.length;
	if (count === 0) return [];
	// best[to][n]: the cheapest layout of the first `to` pieces whose last subtitle has n + 1 lines.
	const best: (Layout | undefined)[][] = Array.from({length: count + 1}, () => []);
	for (let from = 0; from < count; from++) {
		const before = from === 0 ? [undefined] : best[from]!;
		const ending = from === 0 ? 'sentence' : endingOf(text, pieces[from - 1]!);
		for (const line of linesFrom(from, pieces, limits.maxLineWidth)) {
			const lineCost = costOfLine(line, pieces, limits.maxLineWidth);
			before.forEach((previous, linesBefore) => {
				const spent = (previous?.cost ?? 0) + lineCost;
				improve(best[line.to]!, 0, {
					cost: spent + cueCost + breakCosts.cue[ending],
					line,
					previous,
					startsCue: true,
				});
				if (previous !== undefined && linesBefore + 1 < limits.maxLines) {
					improve(best[line.to]!, linesBefore + 1, {
						cost: spent + breakCosts.line[ending],
						line,
						previous,
						startsCue: false,
					});
				}
			});
		}
	}

	return collectCues(cheapest(best[count]!));
}

function linesFrom(from: number, pieces: readonly BreakablePiece[], maxWidth: number): Line[] {
	const lines: Line[] = [];
	for (let to = from + 1; to <= pieces.length && widthOf({from, to}, pieces) <= maxWidth; to++) {
		lines.push({from, to});
	}

	return lines;
}

function widthOf({from, to}: Line, pieces: readonly BreakablePiece[]): number {
	let width = 0;
	for (let index = from; index < to; index++) {
		const piece = pieces[index]!;
		// The space before it, which is one column wide where there is one.
		if (index > from) width += piece.start - pieces[index - 1]!.end;
		width += piece.width;
	}

	return width;
}

function costOfLine(line: Line, pieces: readonly BreakablePiece[], maxWidth: number): number {
	const share = widthOf(line, pieces) / maxWidth;
	const isWidow = line.to - line.from === 1 && share < widowShare;
	return (1 - share) ** 2 + (isWidow ? widowCost : 0);
}

function endingOf(text: string, piece: BreakablePiece): keyof (typeof breakCosts)['line'] {
	const word = text.slice(piece.start, piece.end);
	// "Dr.", "St.", "No.": a capital and a dot within three letters ends no sentence.
	if (/^\p{Lu}\p{L}{0,2}\.$/u.test(word)) return 'shortWord';
	if (/[.!?…。！？؟।][\p{Pe}\p{Pf}"']*$/u.test(word)) return 'sentence';
	if (/[,;:،؛、，；：—–][\p{Pe}\p{Pf}"']*$/u.test(word)) return 'clause';
	// In most languages written with spaces, words of up to three letters lead on to the next one.
	return /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]{1,3}$/u.test(word) ? 'shortWord' : 'word';
}

function improve(layouts: (Layout | undefined)[], lines: number, layout: Layout): void {
	const known = layouts[lines];
	if (known === undefined || layout.cost < known.cost) layouts[lines] = layout;
}

function cheapest(layouts: readonly (Layout | undefined)[]): Layout {
	return layouts.filter(layout => layout !== undefined).reduce((a, b) => (b.cost < a.cost ? b : a));
}

function collectCues(last: Layout): Line[][] {
	const cues: Line[][] = [];
	let lines: Line[] = [];
	for (let layout: Layout | undefined = last; layout !== undefined; layout = layout.previous) {
		lines.unshift(layout.line);
		if (layout.startsCue) {
			cues.unshift(lines);
			lines = [];
		}
	}

	return cues;
}
