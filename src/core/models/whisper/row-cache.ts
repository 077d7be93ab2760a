import type {Tensor} from 'onnxruntime-node';
import type {OnnxSession} from '../onnx-session.js';

type CacheArray = Float32Array | Int8Array;

export interface RowCacheOptions {
	readonly type: 'float32' | 'int8';
	/** A row is [outer, capacity, inner]. */
	readonly outer: number;
	readonly inner: number;
}

/** One tensor for all rows of a batch, in place, with room for rows and entries to come. */
export class RowCache {
	readonly #outer: number;
	readonly #inner: number;
	readonly #isFloat: boolean;
	#values: CacheArray;
	#rowCapacity = 0;
	#capacity = 0;

	constructor({type, outer, inner}: RowCacheOptions) {
		this.#outer = outer;
		this.#inner = inner;
		this.#isFloat = type === 'float32';
		this.#values = this.#allocate(0);
	}

	/** Gives room to so many rows of so many entries; keeps what the first `rows` hold, as far as it fits. */
	resize(rowCapacity: number, capacity: number, rows: number): void {
		if (rowCapacity === this.#rowCapacity && capacity === this.#capacity) return;
		const values = this.#allocate(rowCapacity * this.#outer * capacity * this.#inner);
		const kept = Math.min(capacity, this.#capacity) * this.#inner;
		for (let place = 0; place < rows * this.#outer; place++) {
			const from = place * this.#capacity * this.#inner;
			values.set(this.#values.subarray(from, from + kept), place * capacity * this.#inner);
		}
		this.#values = values;
		this.#rowCapacity = rowCapacity;
		this.#capacity = capacity;
	}

	/**
	 * Writes entries of a row.
	 *
	 * @param at - the first entry to write.
	 * @param source - [outer, length, inner], from `sourceStart` on.
	 */
	write(row: number, at: number, source: CacheArray, sourceStart: number, length: number): void {
		const size = length * this.#inner;
		for (let place = 0; place < this.#outer; place++) {
			const from = sourceStart + place * size;
			const to = ((row * this.#outer + place) * this.#capacity + at) * this.#inner;
			this.#values.set(source.subarray(from, from + size), to);
		}
	}

	copyRow(from: number, to: number): void {
		const stride = this.#stride;
		this.#values.copyWithin(to * stride, from * stride, (from + 1) * stride);
	}

	/** A copy of a row, to be put elsewhere. */
	take(row: number): CacheArray {
		return this.#values.slice(row * this.#stride, (row + 1) * this.#stride);
	}

	put(row: number, values: CacheArray): void {
		this.#values.set(values, row * this.#stride);
	}

	/** A tensor of rows from `first` on, read in place. */
	tensor(session: OnnxSession, first: number, shape: readonly number[]): Tensor {
		const stride = this.#stride;
		const values = this.#values.subarray(first * stride, (first + shape[0]!) * stride);
		return values instanceof Float32Array ? session.floats(values, shape) : session.bytes(values, shape);
	}

	get #stride(): number {
		return this.#outer * this.#capacity * this.#inner;
	}

	#allocate(length: number): CacheArray {
		return this.#isFloat ? new Float32Array(length) : new Int8Array(length);
	}
}
