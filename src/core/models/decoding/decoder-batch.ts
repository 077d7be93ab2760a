import type {OnnxSession, Tensors} from '../onnx-session.js';
import type {DecoderSource} from './decoder-source.js';
import {RowCache} from './row-cache.js';
import {removeRow, type DecoderRow, type SequenceBatch, type StepResult} from './sequence-batch.js';

/** A tensor of each layer that a decoder looks at in its source, for each row: [heads, ...]. */
export interface CrossTensor {
	readonly name: string;
	readonly type: 'float32' | 'int8';
	/** `source` differs from row to row. */
	readonly shape: readonly ('heads' | 'source' | 'size' | 'one')[];
}

/** What a batch must know of the graph that it runs. */
export interface DecoderShape {
	readonly heads: number;
	readonly headSize: number;
	readonly layers: number;
	readonly vocabularySize: number;
	/** The input that tells how long the source of each row is. */
	readonly lengthsInput: string;
	/** Of each layer; their names are followed by its number. */
	readonly cross: readonly CrossTensor[];
}

/**
 * Caches are sized in steps of this. At multiples of the widest vector register the kernels sum every row
 * in the same order however large the cache is, so a row's result is the same to the last bit
 * whoever shares its batch (test/integration/whisper/batch-independence).
 */
const CAPACITY_STEP = 64;

/** Rows that room is made for at once: making room means copying all of them. */
const ROW_STEP = 4;

interface MutableRow extends DecoderRow {
	index: number;
	length: number;
	sourceLength: number;
}

/** Keys or values of past tokens in one layer, as the graph names them. */
interface PastCache {
	readonly input: string;
	readonly output: string;
	readonly cache: RowCache;
}

/** What one layer looks at in the source. */
interface CrossCache {
	readonly name: string;
	readonly tensor: CrossTensor;
	readonly cache: RowCache;
}

/**
 * Runs a decoder's graph of ours. The caches of its sequences lie in place, padded to common sizes, and grow by appending;
 * the graph ignores what lies beyond a row's own length.
 */
export class DecoderBatch implements SequenceBatch {
	readonly #session: OnnxSession;
	readonly #shape: DecoderShape;
	readonly #past: readonly PastCache[];
	readonly #cross: readonly CrossCache[];
	readonly #rows: MutableRow[] = [];
	#tokenCapacity = 0;
	#sourceCapacity = 0;

	constructor(session: OnnxSession, shape: DecoderShape) {
		this.#session = session;
		this.#shape = shape;
		const {heads, headSize, cross} = shape;
		const layers = Array.from({length: shape.layers}, (_, layer) => layer);
		this.#past = layers.flatMap(layer =>
			['key', 'value'].map(kind => ({
				input: `past_${kind}.${layer}`,
				output: `new_${kind}.${layer}`,
				cache: new RowCache({type: 'float32', outer: heads, inner: headSize}),
			})),
		);
		this.#cross = layers.flatMap(layer =>
			cross.map(tensor => ({
				name: `${tensor.name}.${layer}`,
				tensor,
				cache: new RowCache({type: tensor.type, ...splitShape(tensor, shape)}),
			})),
		);
	}

	get rows(): readonly DecoderRow[] {
		return this.#rows;
	}

	/** Memory that is held for caches. */
	get byteLength(): number {
		return [...this.#past, ...this.#cross].reduce((sum, {cache}) => sum + cache.byteLength, 0);
	}

	add(source: DecoderSource): DecoderRow {
		this.#makeRoom(this.#rows.length + 1, CAPACITY_STEP, source.length);
		const row: MutableRow = {index: this.#rows.length, length: 0, sourceLength: source.length};
		this.#rows.push(row);
		for (const {name, tensor, cache} of this.#cross) {
			cache.write(row.index, 0, source.tensor(name), 0, tensor.shape.includes('source') ? source.length : 1);
		}
		return row;
	}

	fork(parent: DecoderRow): DecoderRow {
		const {sourceLength, length} = parent as MutableRow;
		this.#makeRoom(this.#rows.length + 1, length, sourceLength);
		const row: MutableRow = {index: this.#rows.length, length, sourceLength};
		this.#rows.push(row);
		this.#copyRow(parent.index, row.index);
		return row;
	}

	reorder(rows: readonly DecoderRow[], parents: readonly DecoderRow[]): void {
		const moves = rows
			.map((row, index) => [row as MutableRow, parents[index]!] as const)
			.filter(([row, parent]) => row !== parent);
		for (const {cache} of this.#past) {
			const copies = moves.map(([, parent]) => cache.take(parent.index));
			for (const [index, [row]] of moves.entries()) cache.put(row.index, copies[index]!);
		}
		const lengths = moves.map(([, parent]) => parent.length);
		for (const [index, [row]] of moves.entries()) row.length = lengths[index]!;
	}

	remove(row: DecoderRow): void {
		const from = this.#rows.length - 1;
		const moved = removeRow(this.#rows, row);
		if (moved !== undefined) this.#copyRow(from, moved.index);
	}

	async step(
		first: number,
		tokens: readonly (readonly number[])[],
		wanted: readonly number[],
		withAlignment = false,
	): Promise<StepResult> {
		const length = tokens[0]!.length;
		const rows = this.#rows.slice(first, first + tokens.length);
		this.#makeRoom(this.#rows.length, Math.max(...rows.map(row => row.length)) + length, 0);
		const outputs = [
			'logits',
			...(withAlignment ? ['alignment'] : []),
			...this.#past.map(({output}) => output),
		];
		const results = await this.#session.run(this.#inputs(first, rows, tokens, wanted), outputs);
		this.#append(results, rows, length);
		const logits = results['logits']!.data as Float32Array;
		const {vocabularySize} = this.#shape;
		const alignment = results['alignment'];
		return {
			logits: (row, position) => {
				const start = (row * wanted.length + position) * vocabularySize;
				return logits.subarray(start, start + vocabularySize);
			},
			alignment: (row, token, sourceLength) => {
				const [, heads, , capacity] = alignment!.dims as [number, number, number, number];
				const data = alignment!.data as Float32Array;
				return Array.from({length: heads}, (_, head) => {
					const start = ((row * heads + head) * length + token) * capacity;
					return data.slice(start, start + sourceLength);
				});
			},
		};
	}

	#inputs(
		first: number,
		rows: readonly MutableRow[],
		tokens: readonly (readonly number[])[],
		wanted: readonly number[],
	): Tensors {
		const {heads, headSize} = this.#shape;
		const session = this.#session;
		const count = rows.length;
		const lengths = rows.map(row => row.length);
		const inputs: Record<string, Tensors[string]> = {
			tokens: session.integers(tokens.flat(), [count, tokens[0]!.length]),
			past_lengths: session.integers(lengths, [count]),
			[this.#shape.lengthsInput]: session.integers(
				rows.map(row => row.sourceLength),
				[count],
			),
			logit_positions: session.integers(
				rows.flatMap(() => wanted),
				[count, wanted.length],
			),
		};
		for (const {input, cache} of this.#past) {
			inputs[input] = cache.tensor(session, first, [count, heads, this.#tokenCapacity, headSize]);
		}
		for (const {name, tensor, cache} of this.#cross) {
			inputs[name] = cache.tensor(
				session,
				first,
				crossShape(tensor, this.#shape, count, this.#sourceCapacity),
			);
		}
		return inputs;
	}

	#append(results: Tensors, rows: readonly MutableRow[], length: number): void {
		const size = this.#shape.heads * length * this.#shape.headSize;
		for (const {output, cache} of this.#past) {
			const made = results[output]!.data as Float32Array;
			for (const [order, row] of rows.entries())
				cache.write(row.index, row.length, made, order * size, length);
		}
		for (const row of rows) row.length += length;
	}

	#copyRow(from: number, to: number): void {
		for (const {cache} of [...this.#past, ...this.#cross]) cache.copyRow(from, to);
	}

	/** Makes room for so many rows, tokens and places of the source; gives room back where much of it lies idle. */
	#makeRoom(rows: number, tokens: number, sourceLength: number): void {
		const longest = Math.max(tokens, ...this.#rows.map(row => row.length + 1));
		const widest = Math.max(sourceLength, ...this.#rows.map(row => row.sourceLength));
		const used = this.#rows.length;
		const rowCapacity = Math.ceil(rows / ROW_STEP) * ROW_STEP;
		this.#tokenCapacity = fit(longest, used === 0 ? 0 : this.#tokenCapacity);
		this.#sourceCapacity = fit(widest, used === 0 ? 0 : this.#sourceCapacity);
		for (const {cache} of this.#past) cache.resize(rowCapacity, this.#tokenCapacity, used);
		for (const {cache, tensor} of this.#cross) {
			cache.resize(rowCapacity, tensor.shape.includes('source') ? this.#sourceCapacity : 1, used);
		}
	}
}

/** Room for `needed`, in steps; the present room is kept unless it is none, too small or more than twice too large. */
function fit(needed: number, present: number): number {
	const capacity = Math.ceil(needed / CAPACITY_STEP) * CAPACITY_STEP;
	return capacity > present || capacity * 2 < present ? capacity : present;
}

/** Sizes of a tensor of so many rows; a name stands for a size that is known only at run time. */
export function crossShape<Size extends number | string>(
	{shape}: CrossTensor,
	{heads, headSize}: Pick<DecoderShape, 'heads' | 'headSize'>,
	rows: Size,
	source: Size,
): (Size | number)[] {
	const sizes = {heads, source, size: headSize, one: 1};
	return [rows, ...shape.map(axis => sizes[axis])];
}

/** What lies before and behind the axis of the source in a row. */
function splitShape(tensor: CrossTensor, shape: DecoderShape): {outer: number; inner: number} {
	const [, ...sizes] = crossShape(tensor, shape, 1, 1);
	const product = (from: number, to?: number): number =>
		sizes.slice(from, to).reduce((size, axis) => size * axis, 1);
	const axis = tensor.shape.indexOf('source');
	return axis < 0 ? {outer: 1, inner: product(0)} : {outer: product(0, axis), inner: product(axis + 1)};
}
