import type {Tensor} from 'onnxruntime-node';
import type {OnnxSession, Tensors} from '../onnx-session.js';
import type {DecoderDimensions} from './decoder-dimensions.js';
import {PositionTable} from './position-table.js';
import type {StepRunner} from './step-queue.js';

/**
 * Room is made in steps of this many tokens. At multiples of the widest vector register the kernels sum every row in the
 * same order however large the cache is.
 */
const CAPACITY_STEP = 64;

/** More than is needed is made room for by this share, because making room means copying all rows. */
const SPARE_SHARE = 1 / 8;

/** Rows that room is made for at once. */
const ROW_STEP = 2;

/** One context's place among the rows of the caches, and how many tokens it holds. */
export interface ContextRow {
	/** Changes when rows are moved. */
	readonly index: number;
	readonly length: number;
}

interface MutableRow extends ContextRow {
	index: number;
	length: number;
}

/** Tokens that a row is about to read. */
interface Job {
	readonly row: MutableRow;
	readonly tokens: readonly number[];
}

/** Keys or values of a layer, [rows, key-value heads, capacity, head size]. */
interface Cache {
	readonly input: string;
	readonly output: string;
	values: Float32Array;
}

/**
 * The caches of all contexts of a model, in place, and the steps that append to them. The graph reads rows that lie side
 * by side, so rows are moved when others make a step together than did before.
 */
export class ContextRows implements StepRunner<ContextRow> {
	readonly #session: OnnxSession;
	readonly #dimensions: DecoderDimensions;
	readonly #caches: readonly Cache[];
	readonly #positions: PositionTable;
	readonly #slidingPositions: PositionTable | undefined;
	readonly #rows: MutableRow[] = [];
	#capacity = 0;
	#rowCapacity = 0;
	/** A graph is about to read rows where they lie, or does. */
	#isRunning = false;
	/** To be removed as soon as it has. */
	#leaving: ContextRow[] = [];

	constructor(session: OnnxSession, dimensions: DecoderDimensions) {
		this.#session = session;
		this.#dimensions = dimensions;
		this.#caches = Array.from({length: dimensions.layers}, (_, layer) => layer).flatMap(layer =>
			['key', 'value'].map(kind => ({
				input: `past_${kind}.${layer}`,
				output: `new_${kind}.${layer}`,
				values: new Float32Array(0),
			})),
		);
		this.#positions = new PositionTable(dimensions.rotary);
		this.#slidingPositions = dimensions.sliding && new PositionTable(dimensions.sliding.rotary);
	}

	/** Of all caches, room for what is to come included. */
	get byteLength(): number {
		return this.#caches.reduce((sum, {values}) => sum + values.byteLength, 0);
	}

	/** Of what is kept for a row. */
	bytesOf({length}: ContextRow): number {
		return this.#caches.length * this.#dimensions.keyValueHeads * length * this.#dimensions.headSize * 4;
	}

	add(): ContextRow {
		const row: MutableRow = {index: this.#rows.length, length: 0};
		this.#makeRoom(this.#rows.length + 1, 0);
		this.#rows.push(row);
		return row;
	}

	/** A copy. */
	fork(parent: ContextRow): ContextRow {
		const row = this.add() as MutableRow;
		row.length = parent.length;
		this.#copyRow(parent.index, row.index, row.length);
		return row;
	}

	/** The last row takes its place. */
	remove(row: ContextRow): void {
		if (this.#isRunning) {
			this.#leaving.push(row);
			return;
		}
		const last = this.#rows.pop()!;
		if (last === row) return;
		this.#copyRow(last.index, row.index, last.length);
		last.index = row.index;
		this.#rows[row.index] = last;
	}

	/** Forgets the tokens `from` .. `to` - 1; those behind move up. */
	dropSpan(row: ContextRow, from: number, to: number): void {
		const {headSize} = this.#dimensions;
		for (const {values} of this.#caches) {
			for (const start of this.#headStarts(row.index)) {
				values.copyWithin(start + from * headSize, start + to * headSize, start + row.length * headSize);
			}
		}
		(row as MutableRow).length -= to - from;
	}

	/**
	 * Reads tokens behind those of the rows, each a list of its own.
	 *
	 * @returns logits behind the last token of each.
	 */
	async step(rows: readonly ContextRow[], tokens: readonly (readonly number[])[]): Promise<Float32Array[]> {
		const width = Math.max(...tokens.map(list => list.length));
		this.#makeRoom(
			this.#rows.length,
			Math.max(...rows.map((row, order) => row.length + tokens[order]!.length)),
		);
		const first = this.#gather(rows);
		const jobs: Job[] = rows.map((row, index) => ({row, tokens: tokens[index]!}));
		const byPlace = [...jobs].sort((a, b) => a.row.index - b.row.index);
		const results = await this.#run(this.#inputs(first, byPlace, width));
		const {keyValueHeads, headSize, vocabularySize} = this.#dimensions;
		for (const {output, values} of this.#caches) {
			const made = results[output]!.data as Float32Array;
			for (const [place, {row, tokens: list}] of byPlace.entries()) {
				for (const [head, start] of this.#headStarts(row.index).entries()) {
					const from = (place * keyValueHeads + head) * width * headSize;
					values.set(made.subarray(from, from + list.length * headSize), start + row.length * headSize);
				}
			}
		}
		for (const {row, tokens: list} of jobs) row.length += list.length;
		const logits = results['logits']!.data as Float32Array;
		return jobs.map(job => {
			const start = byPlace.indexOf(job) * vocabularySize;
			return logits.slice(start, start + vocabularySize);
		});
	}

	/** Rows stay where they are until it is done. */
	async #run(inputs: Tensors): Promise<Tensors> {
		this.#isRunning = true;
		try {
			return await this.#session.run(inputs);
		} finally {
			this.#isRunning = false;
			for (const row of this.#leaving.splice(0)) this.remove(row);
		}
	}

	cut(row: ContextRow, length: number): void {
		(row as MutableRow).length = length;
	}

	#inputs(first: number, rows: readonly Job[], width: number): Tensors {
		const session = this.#session;
		const {keyValueHeads, headSize} = this.#dimensions;
		const count = rows.length;
		const inputs: Record<string, Tensor> = {
			tokens: session.integers(
				// Padding behind a row: no earlier token sees it, and its keys are dropped.
				rows.flatMap(({tokens}) => [...tokens, ...new Array<number>(width - tokens.length).fill(0)]),
				[count, width],
			),
			past_lengths: session.integers(
				rows.map(({row}) => row.length),
				[count],
			),
			wanted: session.integers(
				rows.map(({tokens}) => tokens.length - 1),
				[count, 1, 1],
			),
		};
		const positions = this.#capacity + width;
		[inputs['cosines'], inputs['sines']] = this.#positions.tensors(session, positions);
		if (this.#slidingPositions !== undefined) {
			const tensors = this.#slidingPositions.tensors(session, positions);
			[inputs['sliding_cosines'], inputs['sliding_sines']] = tensors;
		}
		const stride = this.#rowStride;
		for (const {input, values} of this.#caches) {
			inputs[input] = session.floats(values.subarray(first * stride, (first + count) * stride), [
				count,
				keyValueHeads,
				this.#capacity,
				headSize,
			]);
		}
		return inputs;
	}

	/** Moves rows so that these lie side by side. @returns where the first of them is. */
	#gather(rows: readonly ContextRow[]): number {
		const wanted = new Set(rows);
		let first = 0;
		let most = -1;
		for (let start = 0; start + rows.length <= this.#rows.length; start++) {
			const there = this.#rows.slice(start, start + rows.length).filter(row => wanted.has(row)).length;
			if (there > most) [first, most] = [start, there];
		}
		const end = first + rows.length;
		const outside = rows.filter(({index}) => index < first || index >= end);
		for (let index = first; index < end; index++) {
			const present = this.#rows[index]!;
			if (!wanted.has(present)) this.#swap(present, outside.pop() as MutableRow);
		}
		return first;
	}

	#swap(a: MutableRow, b: MutableRow): void {
		const stride = this.#rowStride;
		for (const {values} of this.#caches) {
			const kept = values.slice(a.index * stride, (a.index + 1) * stride);
			values.copyWithin(a.index * stride, b.index * stride, (b.index + 1) * stride);
			values.set(kept, b.index * stride);
		}
		[a.index, b.index] = [b.index, a.index];
		this.#rows[a.index] = a;
		this.#rows[b.index] = b;
	}

	#copyRow(from: number, to: number, length: number): void {
		const {headSize} = this.#dimensions;
		const targets = this.#headStarts(to);
		for (const {values} of this.#caches) {
			for (const [head, start] of this.#headStarts(from).entries())
				values.copyWithin(targets[head]!, start, start + length * headSize);
		}
	}

	/** Where the heads of a row begin. */
	#headStarts(row: number): number[] {
		const {keyValueHeads, headSize} = this.#dimensions;
		const headStride = this.#capacity * headSize;
		return Array.from({length: keyValueHeads}, (_, head) => (row * keyValueHeads + head) * headStride);
	}

	get #rowStride(): number {
		return this.#dimensions.keyValueHeads * this.#capacity * this.#dimensions.headSize;
	}

	/** Makes room for so many rows and tokens a row; gives tokens' room back where more than half of it lies idle. */
	#makeRoom(rows: number, tokens: number): void {
		const longest = Math.max(tokens, ...this.#rows.map(row => row.length), 1);
		const needed = roundUp(longest, CAPACITY_STEP);
		const generous = roundUp(longest * (1 + SPARE_SHARE), CAPACITY_STEP);
		const isTooLarge = this.#capacity > 2 * generous;
		const capacity = needed > this.#capacity || isTooLarge ? generous : this.#capacity;
		const rowCapacity = roundUp(rows, ROW_STEP);
		const hasTooMany = this.#rowCapacity > 2 * rowCapacity;
		const newRows = rowCapacity > this.#rowCapacity || hasTooMany ? rowCapacity : this.#rowCapacity;
		if (capacity === this.#capacity && newRows === this.#rowCapacity) return;
		const {keyValueHeads, headSize} = this.#dimensions;
		const oldStarts = this.#rows.map(row => this.#headStarts(row.index));
		this.#capacity = capacity;
		this.#rowCapacity = newRows;
		const newStarts = this.#rows.map(row => this.#headStarts(row.index));
		for (const cache of this.#caches) {
			const values = new Float32Array(newRows * keyValueHeads * capacity * headSize);
			for (const [index, row] of this.#rows.entries()) {
				for (const [head, from] of oldStarts[index]!.entries()) {
					const kept = cache.values.subarray(from, from + row.length * headSize);
					values.set(kept, newStarts[index]![head]);
				}
			}
			cache.values = values;
		}
	}
}

function roundUp(value: number, step: number): number {
	return Math.ceil(value / step) * step;
}
