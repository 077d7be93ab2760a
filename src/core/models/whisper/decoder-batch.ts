import type {OnnxSession, Tensors} from '../onnx-session.js';
import {HEAD_SIZE, type WhisperDimensions} from './whisper-checkpoint.js';
import type {PreparedAudio} from './prepared-audio.js';

/**
 * Caches are sized in steps of this. At multiples of the widest vector register the kernels sum every row
 * in the same order however large the cache is, so a row's result is the same to the last bit
 * whoever shares its batch (test/integration/core/models/batch-independence).
 */
const CAPACITY_STEP = 64;

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

/** Keys or values of one layer for all rows: [rows, heads, capacity, head size]. */
interface Caches {
	readonly pastKey: Float32Array[];
	readonly pastValue: Float32Array[];
	readonly crossKey: Float32Array[];
	readonly crossValue: Float32Array[];
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
	readonly #dimensions: WhisperDimensions;
	readonly #rows: MutableRow[] = [];
	#caches: Caches;
	#rowCapacity = 0;
	#tokenCapacity = 0;
	#frameCapacity = 0;

	constructor(session: OnnxSession, dimensions: WhisperDimensions) {
		this.#session = session;
		this.#dimensions = dimensions;
		this.#caches = {pastKey: [], pastValue: [], crossKey: [], crossValue: []};
	}

	get rows(): readonly DecoderRow[] {
		return this.#rows;
	}

	/** Adds an empty sequence behind the others. */
	add(audio: PreparedAudio): DecoderRow {
		this.#resize(this.#rows.length + 1, CAPACITY_STEP, audio.frames);
		const row: MutableRow = {index: this.#rows.length, length: 0, frames: audio.frames};
		this.#rows.push(row);
		const {heads} = this.#dimensions;
		for (let layer = 0; layer < this.#dimensions.decoderLayers; layer++) {
			for (const [cache, values] of [
				[this.#caches.crossKey[layer]!, audio.keys[layer]!],
				[this.#caches.crossValue[layer]!, audio.values[layer]!],
			] as const) {
				copyHeads(
					values,
					0,
					audio.frames,
					cache,
					row.index * heads,
					this.#frameCapacity,
					heads,
					audio.frames,
				);
			}
		}
		return row;
	}

	/** Adds a copy of a sequence, for a search that goes two ways. */
	fork(parent: DecoderRow): DecoderRow {
		const {frames, length} = parent as MutableRow;
		this.#resize(this.#rows.length + 1, length, frames);
		const row: MutableRow = {index: this.#rows.length, length, frames};
		this.#rows.push(row);
		this.#copyRow(parent.index, row.index);
		return row;
	}

	/** Makes each of `rows` continue the sequence of its parent, all of them over the same audio. */
	reorder(rows: readonly DecoderRow[], parents: readonly DecoderRow[]): void {
		const {heads} = this.#dimensions;
		const stride = this.#tokenCapacity * HEAD_SIZE * heads;
		const moves = rows
			.map((row, index) => [row as MutableRow, parents[index]!] as const)
			.filter(([row, parent]) => row !== parent);
		for (const cache of [...this.#caches.pastKey, ...this.#caches.pastValue]) {
			const copies = moves.map(([, parent]) =>
				cache.slice(parent.index * stride, (parent.index + 1) * stride),
			);
			for (const [index, [row]] of moves.entries()) cache.set(copies[index]!, row.index * stride);
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
		const count = tokens.length;
		const length = tokens[0]!.length;
		const rows = this.#rows.slice(first, first + count);
		this.#resize(this.#rows.length, Math.max(...rows.map(row => row.length)) + length, 0);
		const results = await this.#session.run(
			this.#inputs(first, rows, tokens, wanted),
			this.#outputs(withAlignment),
		);
		this.#append(results, rows, length);
		const logits = results['logits']!.data as Float32Array;
		const {vocabularySize} = this.#dimensions;
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
		const {heads, decoderLayers} = this.#dimensions;
		const count = rows.length;
		const session = this.#session;
		const inputs: Record<string, Tensors[string]> = {
			tokens: session.integers(tokens.flat(), [count, tokens[0]!.length]),
			past_lengths: session.integers(
				rows.map(row => row.length),
				[count],
			),
			audio_lengths: session.integers(
				rows.map(row => row.frames),
				[count],
			),
			logit_positions: session.integers(
				rows.flatMap(() => wanted),
				[count, wanted.length],
			),
		};
		const view = (cache: Float32Array, capacity: number): Tensors[string] => {
			const stride = heads * capacity * HEAD_SIZE;
			return session.floats(cache.subarray(first * stride, (first + count) * stride), [
				count,
				heads,
				capacity,
				HEAD_SIZE,
			]);
		};
		for (let layer = 0; layer < decoderLayers; layer++) {
			inputs[`past_key.${layer}`] = view(this.#caches.pastKey[layer]!, this.#tokenCapacity);
			inputs[`past_value.${layer}`] = view(this.#caches.pastValue[layer]!, this.#tokenCapacity);
			inputs[`cross_key.${layer}`] = view(this.#caches.crossKey[layer]!, this.#frameCapacity);
			inputs[`cross_value.${layer}`] = view(this.#caches.crossValue[layer]!, this.#frameCapacity);
		}
		return inputs;
	}

	#outputs(withAlignment: boolean): string[] {
		const names = withAlignment ? ['logits', 'alignment'] : ['logits'];
		for (let layer = 0; layer < this.#dimensions.decoderLayers; layer++) {
			names.push(`new_key.${layer}`, `new_value.${layer}`);
		}
		return names;
	}

	#append(results: Tensors, rows: readonly MutableRow[], length: number): void {
		const {heads, decoderLayers} = this.#dimensions;
		const capacity = this.#tokenCapacity;
		for (let layer = 0; layer < decoderLayers; layer++) {
			for (const [name, cache] of [
				[`new_key.${layer}`, this.#caches.pastKey[layer]!],
				[`new_value.${layer}`, this.#caches.pastValue[layer]!],
			] as const) {
				const made = results[name]!.data as Float32Array;
				for (const [order, row] of rows.entries()) {
					for (let head = 0; head < heads; head++) {
						const from = (order * heads + head) * length * HEAD_SIZE;
						const to = ((row.index * heads + head) * capacity + row.length) * HEAD_SIZE;
						cache.set(made.subarray(from, from + length * HEAD_SIZE), to);
					}
				}
			}
		}
		for (const row of rows) row.length += length;
	}

	#copyRow(from: number, to: number): void {
		const {heads} = this.#dimensions;
		for (const [caches, capacity] of [
			[[...this.#caches.pastKey, ...this.#caches.pastValue], this.#tokenCapacity],
			[[...this.#caches.crossKey, ...this.#caches.crossValue], this.#frameCapacity],
		] as const) {
			const stride = heads * capacity * HEAD_SIZE;
			for (const cache of caches) cache.copyWithin(to * stride, from * stride, (from + 1) * stride);
		}
	}

	/** Makes room for so many rows, tokens and frames; gives room back where much of it lies idle. */
	#resize(rows: number, tokens: number, frames: number): void {
		const longest = Math.max(tokens, ...this.#rows.map(row => row.length + 1));
		const widest = Math.max(frames, ...this.#rows.map(row => row.frames));
		const rowCapacity = rows > this.#rowCapacity ? Math.max(rows, this.#rowCapacity + 2) : this.#rowCapacity;
		const tokenCapacity = fit(longest, this.#tokenCapacity);
		const frameCapacity = fit(widest, this.#frameCapacity);
		const sameRows = rowCapacity === this.#rowCapacity;
		const resize = (caches: readonly Float32Array[], from: number, to: number): Float32Array[] => {
			if (sameRows && from === to) return [...caches];
			return Array.from({length: this.#dimensions.decoderLayers}, (_, layer) =>
				this.#resized(caches[layer], from, to, rowCapacity),
			);
		};
		this.#caches = {
			pastKey: resize(this.#caches.pastKey, this.#tokenCapacity, tokenCapacity),
			pastValue: resize(this.#caches.pastValue, this.#tokenCapacity, tokenCapacity),
			crossKey: resize(this.#caches.crossKey, this.#frameCapacity, frameCapacity),
			crossValue: resize(this.#caches.crossValue, this.#frameCapacity, frameCapacity),
		};
		this.#rowCapacity = rowCapacity;
		this.#tokenCapacity = tokenCapacity;
		this.#frameCapacity = frameCapacity;
	}

	#resized(cache: Float32Array | undefined, from: number, to: number, rowCapacity: number): Float32Array {
		const {heads} = this.#dimensions;
		const larger = new Float32Array(rowCapacity * heads * to * HEAD_SIZE);
		if (cache !== undefined) {
			copyHeads(cache, 0, from, larger, 0, to, this.#rows.length * heads, Math.min(from, to));
		}
		return larger;
	}
}

/** Room for `needed`, in steps; the present room is kept unless it is too small or more than twice too large. */
function fit(needed: number, present: number): number {
	const capacity = Math.ceil(needed / CAPACITY_STEP) * CAPACITY_STEP;
	return capacity > present || capacity * 2 < present ? capacity : present;
}

/** Copies the first `length` entries of `heads` heads between caches of different capacity. */
function copyHeads(
	source: Float32Array,
	sourceHead: number,
	sourceCapacity: number,
	target: Float32Array,
	targetHead: number,
	targetCapacity: number,
	heads: number,
	length: number,
): void {
	for (let head = 0; head < heads; head++) {
		const from = (sourceHead + head) * sourceCapacity * HEAD_SIZE;
		target.set(
			source.subarray(from, from + length * HEAD_SIZE),
			(targetHead + head) * targetCapacity * HEAD_SIZE,
		);
	}
}
