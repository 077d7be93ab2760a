import type {OnnxSession, Tensors} from '../onnx-session.js';
import {crossShape, crossTensors, type CrossTensor} from './cross-tensors.js';
import type {PreparedAudio} from './prepared-audio.js';
import {RowCache} from './row-cache.js';
import {HEAD_SIZE} from './whisper-dimensions.js';
import type {WhisperDescription} from './whisper-description.js';

/**
 * Caches are sized in steps of this. At multiples of the widest vector register the kernels sum every row
 * in the same order however large the cache is, so a row's result is the same to the last bit
 * whoever shares its batch (test/integration/core/models/batch-independence).
 */
const CAPACITY_STEP = 64;

/** Rows that room is made for at once: making room means copying all of them. */
const ROW_STEP = 4;

/** A sequence that is being decoded: its place among the rows of a batch, and how full its caches are. */
export interface DecoderRow {
	/** Changes when an earlier row is removed. */
	readonly index: number;
	/** Tokens seen so far. */
	readonly length: number;
}

interface MutableRow extends DecoderRow {
	index: number;
	length: number;
	frames: number;
}

/** Keys or values of past tokens in one layer, as the graph names them. */
interface PastCache {
	readonly input: string;
	readonly output: string;
	readonly cache: RowCache;
}

/** What one layer looks at in the audio. */
interface CrossCache {
	readonly name: string;
	readonly tensor: CrossTensor;
	readonly cache: RowCache;
}

export interface StepResult {
	/** Logits of a row's wanted position: a view that is valid until the next step. */
	logits(row: number, wanted: number): Float32Array;
	/**
	 * Attention of each alignment head at one of a row's new tokens, a copy of the first `frames`.
	 * Only if the step was asked for it.
	 */
	alignment(row: number, token: number, frames: number): Float32Array[];
}

/**
 * Sequences of any length over audio of any length that are decoded together. Their caches lie in place,
 * padded to common sizes, and grow by appending; the graph ignores what lies beyond a row's own length.
 */
export class DecoderBatch {
	readonly #session: OnnxSession;
	readonly #description: WhisperDescription;
	readonly #past: readonly PastCache[];
	readonly #cross: readonly CrossCache[];
	readonly #rows: MutableRow[] = [];
	#tokenCapacity = 0;
	#frameCapacity = 0;

	constructor(session: OnnxSession, description: WhisperDescription) {
		this.#session = session;
		this.#description = description;
		const {heads, decoderLayers} = description.dimensions;
		const layers = Array.from({length: decoderLayers}, (_, layer) => layer);
		this.#past = layers.flatMap(layer =>
			['key', 'value'].map(kind => ({
				input: `past_${kind}.${layer}`,
				output: `new_${kind}.${layer}`,
				cache: new RowCache({type: 'float32', outer: heads, inner: HEAD_SIZE}),
			})),
		);
		this.#cross = layers.flatMap(layer =>
			crossTensors(description.crossFormat).map(tensor => ({
				name: `${tensor.name}.${layer}`,
				tensor,
				cache: new RowCache({type: tensor.type, ...splitShape(tensor, heads)}),
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

	/** Adds an empty sequence behind the others. */
	add(audio: PreparedAudio): DecoderRow {
		this.#makeRoom(this.#rows.length + 1, CAPACITY_STEP, audio.frames);
		const row: MutableRow = {index: this.#rows.length, length: 0, frames: audio.frames};
		this.#rows.push(row);
		for (const {name, tensor, cache} of this.#cross) {
			cache.write(row.index, 0, audio.tensor(name), 0, tensor.shape.includes('frames') ? audio.frames : 1);
		}
		return row;
	}

	/** Adds a copy of a sequence, for a search that goes two ways. */
	fork(parent: DecoderRow): DecoderRow {
		const {frames, length} = parent as MutableRow;
		this.#makeRoom(this.#rows.length + 1, length, frames);
		const row: MutableRow = {index: this.#rows.length, length, frames};
		this.#rows.push(row);
		this.#copyRow(parent.index, row.index);
		return row;
	}

	/** Makes each of `rows` continue the sequence of its parent, all of them over the same audio. */
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

	/** Removes a sequence; the last one takes its place. */
	remove(row: DecoderRow): void {
		const last = this.#rows.pop()!;
		if (last === row) return;
		this.#copyRow(last.index, row.index);
		last.index = row.index;
		this.#rows[row.index] = last;
	}

	/**
	 * Decodes the next tokens of the rows from `first` on, one list a row, all of the same length.
	 *
	 * @param wanted - which of the tokens to give logits for, the same for all rows.
	 */
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
		const {vocabularySize} = this.#description.dimensions;
		const alignment = results['alignment'];
		return {
			logits: (row, position) => {
				const start = (row * wanted.length + position) * vocabularySize;
				return logits.subarray(start, start + vocabularySize);
			},
			alignment: (row, token, frames) => {
				const [, heads, , capacity] = alignment!.dims as [number, number, number, number];
				const data = alignment!.data as Float32Array;
				return Array.from({length: heads}, (_, head) => {
					const start = ((row * heads + head) * length + token) * capacity;
					return data.slice(start, start + frames);
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
		const {heads} = this.#description.dimensions;
		const session = this.#session;
		const count = rows.length;
		const lengths = rows.map(row => row.length);
		const frames = rows.map(row => row.frames);
		const inputs: Record<string, Tensors[string]> = {
			tokens: session.integers(tokens.flat(), [count, tokens[0]!.length]),
			past_lengths: session.integers(lengths, [count]),
			audio_lengths: session.integers(frames, [count]),
			logit_positions: session.integers(
				rows.flatMap(() => wanted),
				[count, wanted.length],
			),
		};
		for (const {input, cache} of this.#past) {
			inputs[input] = cache.tensor(session, first, [count, heads, this.#tokenCapacity, HEAD_SIZE]);
		}
		for (const {name, tensor, cache} of this.#cross) {
			inputs[name] = cache.tensor(session, first, crossShape(tensor, count, heads, this.#frameCapacity));
		}
		return inputs;
	}

	#append(results: Tensors, rows: readonly MutableRow[], length: number): void {
		const size = this.#description.dimensions.heads * length * HEAD_SIZE;
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

	/** Makes room for so many rows, tokens and frames; gives room back where much of it lies idle. */
	#makeRoom(rows: number, tokens: number, frames: number): void {
		const longest = Math.max(tokens, ...this.#rows.map(row => row.length + 1));
		const widest = Math.max(frames, ...this.#rows.map(row => row.frames));
		const used = this.#rows.length;
		const rowCapacity = Math.ceil(rows / ROW_STEP) * ROW_STEP;
		this.#tokenCapacity = fit(longest, used === 0 ? 0 : this.#tokenCapacity);
		this.#frameCapacity = fit(widest, used === 0 ? 0 : this.#frameCapacity);
		for (const {cache} of this.#past) cache.resize(rowCapacity, this.#tokenCapacity, used);
		for (const {cache, tensor} of this.#cross) {
			cache.resize(rowCapacity, tensor.shape.includes('frames') ? this.#frameCapacity : 1, used);
		}
	}
}

/** Room for `needed`, in steps; the present room is kept unless it is none, too small or more than twice too large. */
function fit(needed: number, present: number): number {
	const capacity = Math.ceil(needed / CAPACITY_STEP) * CAPACITY_STEP;
	return capacity > present || capacity * 2 < present ? capacity : present;
}

/** What lies before and behind the axis of frames in a row. */
function splitShape({shape}: CrossTensor, heads: number): {outer: number; inner: number} {
	const sizes = {heads, frames: 1, size: HEAD_SIZE, one: 1};
	const product = (axes: CrossTensor['shape']): number => axes.reduce((size, axis) => size * sizes[axis], 1);
	const frames = shape.indexOf('frames');
	if (frames < 0) return {outer: 1, inner: product(shape)};
	return {outer: product(shape.slice(0, frames)), inner: product(shape.slice(frames + 1))};
}
