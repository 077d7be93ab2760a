/** One step of turning the reference into the hypothesis; indices count units from 0. */
export type EditStep =
	| {readonly type: 'match'; readonly referenceIndex: number; readonly hypothesisIndex: number}
	| {readonly type: 'substitution'; readonly referenceIndex: number; readonly hypothesisIndex: number}
	/** In the hypothesis only. */
	| {readonly type: 'insertion'; readonly hypothesisIndex: number}
	/** In the reference only. */
	| {readonly type: 'deletion'; readonly referenceIndex: number};

/**
 * The cheapest alignment of two sequences under Levenshtein's costs of 1. Among equally cheap ones it keeps to the
 * diagonal from the end on, then prefers an insertion. Takes a byte for every pair of units.
 */
export function alignUnits(reference: readonly string[], hypothesis: readonly string[]): EditStep[] {
	const width = hypothesis.length + 1;
	const arrows = new Uint8Array((reference.length + 1) * width);
	arrows.fill(Arrow.left, 1, width);
	let above = Int32Array.from({length: width}, (_, column) => column);
	let current = new Int32Array(width);
	for (const [rowIndex, unit] of reference.entries()) {
		const row = rowIndex + 1;
		current[0] = row;
		arrows[row * width] = Arrow.up;
		for (let column = 1; column < width; column += 1) {
			const diagonal = above[column - 1]! + (unit === hypothesis[column - 1] ? 0 : 1);
			const left = current[column - 1]! + 1;
			const up = above[column]! + 1;
			const best = Math.min(diagonal, left, up);
			current[column] = best;
			arrows[row * width + column] =
				best === diagonal ? Arrow.diagonal : best === left ? Arrow.left : Arrow.up;
		}
		[above, current] = [current, above];
	}
	return walkBack(reference, hypothesis, arrows);
}

/** Numbers, so that a row of the table is a row of bytes. */
const Arrow = {diagonal: 0, left: 1, up: 2} as const;

function walkBack(
	reference: readonly string[],
	hypothesis: readonly string[],
	arrows: Uint8Array,
): EditStep[] {
	const width = hypothesis.length + 1;
	const steps: EditStep[] = [];
	let row = reference.length;
	let column = hypothesis.length;
	while (row > 0 || column > 0) {
		const arrow = arrows[row * width + column];
		if (arrow !== Arrow.left) row -= 1;
		if (arrow !== Arrow.up) column -= 1;
		if (arrow === Arrow.left) steps.push({type: 'insertion', hypothesisIndex: column});
		else if (arrow === Arrow.up) steps.push({type: 'deletion', referenceIndex: row});
		else {
			const type = reference[row] === hypothesis[column] ? 'match' : 'substitution';
			steps.push({type, referenceIndex: row, hypothesisIndex: column});
		}
	}
	return steps.reverse();
}
