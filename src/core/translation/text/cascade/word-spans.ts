import type {SourceWord} from '../text-translator.js';
import type {WrittenToken} from './target-pieces.js';

export interface Span {
	readonly startMs: number;
	readonly endMs: number;
}

/** A source word belongs to a target word if it has this share of the one that has most. */
const LEAST_SHARE = 0.5;

/**
 * The source words that a target word stands for, by the attention of its tokens: the one they look at most, and those
 * beside it that they look at almost as much.
 *
 * @returns places in the source, the last one included.
 */
export function attendedWords(tokens: readonly WrittenToken[]): {from: number; to: number} | undefined {
	const sums: number[] = [];
	for (const {words} of tokens) {
		for (const [place, share] of (words ?? []).entries()) sums[place] = (sums[place] ?? 0) + share;
	}
	const most = Math.max(...sums);
	if (!(most > 0)) return undefined;
	const best = sums.indexOf(most);
	const isNear = (place: number): boolean => (sums[place] ?? 0) >= most * LEAST_SHARE;
	let from = best;
	while (from > 0 && isNear(from - 1)) from--;
	let to = best;
	while (to < sums.length - 1 && isNear(to + 1)) to++;
	return {from, to};
}

/** The span of source words, not before the one before it. */
export function spanOf(
	source: readonly SourceWord[],
	{from, to}: {readonly from: number; readonly to: number},
	before: Span,
): Span {
	const heard = source.slice(from, to + 1);
	const startMs = Math.max(before.startMs, Math.min(...heard.map(word => word.startMs)));
	const endMs = Math.max(before.endMs, startMs, ...heard.map(word => word.endMs));
	return {startMs, endMs};
}
