import type {DecoderSource} from './decoder-source.js';

/** A sequence that is being decoded: its place among the rows of a batch, and how full its caches are. */
export interface DecoderRow {
	/** Changes when an earlier row is removed. */
	readonly index: number;
	/** Tokens seen so far. */
	readonly length: number;
}

export interface StepResult {
	/** Logits of a row's wanted position: a view that is valid until the next step. */
	logits(row: number, wanted: number): Float32Array;
	/**
	 * Attention of each alignment head at one of a row's new tokens, a copy over the first `sourceLength` places.
	 * Only if the step was asked for it; none where the graph does not tell it.
	 */
	alignment(row: number, token: number, sourceLength: number): Float32Array[];
}

/** Sequences of any length over sources of any length that are decoded together. */
export interface SequenceBatch {
	/** Adds an empty sequence behind the others. The source may be released afterwards. */
	add(source: DecoderSource): DecoderRow;
	/** Adds a copy of a sequence, for a search that goes two ways. */
	fork(parent: DecoderRow): DecoderRow;
	/** Makes each of `rows` continue the sequence of its parent, all of them over the same source. */
	reorder(rows: readonly DecoderRow[], parents: readonly DecoderRow[]): void;
	/** Removes a sequence; the last one takes its place. */
	remove(row: DecoderRow): void;
	/**
	 * Decodes the next tokens of the rows from `first` on, one list a row, all of the same length.
	 *
	 * @param wanted - which of the tokens to give logits for, the same for all rows.
	 */
	step(
		first: number,
		tokens: readonly (readonly number[])[],
		wanted: readonly number[],
		withAlignment?: boolean,
	): Promise<StepResult>;
}

/** Takes a row out of a list, where the last one takes its place. @returns that one, if it had to move. */
export function removeRow<Row extends {index: number}>(
	rows: Row[],
	row: {readonly index: number},
): Row | undefined {
	const last = rows.pop()!;
	if (last === row) return undefined;
	last.index = row.index;
	rows[row.index] = last;
	return last;
}
