/** A pause between two words, in frames of the window. */
export interface Gap {
	readonly startFrame: number;
	readonly endFrame: number;
}

export interface CutCandidates {
	/** Frame that each settled token of the window was read from. */
	readonly frames: readonly number[];
	/** Tokens that begin a word, but for the first; ascending. */
	readonly wordStarts: readonly number[];
	/** Text of the token before each of `wordStarts`. */
	readonly textBefore: readonly string[];
	readonly gaps: readonly Gap[];
	/** Frames of audio in the window. */
	readonly audioFrames: number;
	/** Length at which windows are cut, in frames. */
	readonly capFrames: number;
}

export interface WindowCut {
	/** Settled tokens that leave the window. */
	readonly tokens: number;
	/** Where the window begins then. */
	readonly frame: number;
}

/** A cut leaves so much audio: from less the model reads badly. */
const LEFT_FRAMES = 150;

/** What is in favour of a cut, in points: for a second of pause, for punctuation, for each frame between the words ... */
const POINTS_PER_PAUSE_SECOND = 2;
const POINTS_FOR_SENTENCE = 0.8;
const POINTS_FOR_CLAUSE = 0.3;
const POINTS_PER_FRAME_BETWEEN = 0.004;

/** ... and for each second that it lies later. Weights: live-policy measurements, docs/live.md. */
const POINTS_PER_SECOND = 0.02;

/** Pauses are found to within 0.1 s of the words. */
const TOLERANCE_FRAMES = 5;

/**
 * Finds the best word boundary to shorten a window at. The words behind it stay settled and are forced on the
 * shorter window, so no boundary is possible where their audio would be cut off.
 */
export function findWindowCut(candidates: CutCandidates): WindowCut | undefined {
	const {frames, wordStarts, textBefore, gaps, audioFrames, capFrames} = candidates;
	let best: {readonly points: number; readonly cut: WindowCut} | undefined;
	for (const [order, start] of wordStarts.entries()) {
		const before = Math.max(...frames.slice(0, start));
		const behind = Math.min(...frames.slice(start));
		const middle = (before + behind) / 2;
		if (behind <= before || audioFrames - middle < LEFT_FRAMES || middle < capFrames / 4) continue;
		const pause = gaps
			.filter(gap => {
				const centre = (gap.startFrame + gap.endFrame) / 2;
				return centre >= before - TOLERANCE_FRAMES && centre <= behind + TOLERANCE_FRAMES;
			})
			.reduce<Gap | undefined>((a, b) => (a === undefined || lengthOf(b) > lengthOf(a) ? b : a), undefined);
		const points =
			(pause === undefined ? 0 : (POINTS_PER_PAUSE_SECOND * lengthOf(pause)) / 50) +
			pointsFor(textBefore[order]!) +
			POINTS_PER_FRAME_BETWEEN * (behind - before) +
			(POINTS_PER_SECOND * middle) / 50;
		if (best !== undefined && points <= best.points) continue;
		const frame = Math.round(pause === undefined ? middle : (pause.startFrame + pause.endFrame) / 2);
		best = {points, cut: {tokens: start, frame}};
	}
	return best?.cut;
}

function lengthOf({startFrame, endFrame}: Gap): number {
	return endFrame - startFrame;
}

function pointsFor(text: string): number {
	if (/[.?!。？！]\s*$/u.test(text)) return POINTS_FOR_SENTENCE;
	return /[,;:，、]\s*$/u.test(text) ? POINTS_FOR_CLAUSE : 0;
}
