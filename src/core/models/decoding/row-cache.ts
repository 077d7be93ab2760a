import type {Tensor} from 'onnxruntime-node';
import type {OnnxSession} from '../onnx-session.js';

type CacheArray = Float32Array | Int8Array;

export interface RowCacheOptions {
	readonly type: 'float32' | 'int8';
	/** A row is [outer, capacity, inner]. */
	readonly outer: number;
	readonly inner: number;
}

/** Memory is given back when less than this share of it was needed ... */
const LEAST_USE = 1 / 4;

/** ... so many times in a row: some fifty tasks. Load comes and goes, and fresh memory costs more than a step. */
const IDLE_LIMIT = 500;

/** One tensor for all rows of a batch, in place, with room for rows and entries to come. */
export class RowCache {
	readonly #outer: number;
	readonly #inner: number;
	readonly #isFloat: boolean;
	/** As large as was ever needed lately. */
	#values: CacheArray;
	#capacity = 0;
	/** How often in a row little of the memory was needed. */
	#idleCount = 0;

	constructor({type, outer, inner}: RowCacheOptions) {
		this.#outer = outer;
		this.#inner = inner;
		this.#isFloat = type === 'float32';
		this.#values = this.#allocate(0);
	}

	get byteLength(): number {
		return this.#values.byteLength;
	}

	/** Gives room to so many rows of so many entries; keeps what the first `rows` hold, as far as it fits. */
	resize(rowCapacity: number, capacity: number, rows: number): void {
		const needed = rowCapacity * this.#outer * capacity * this.#inner;
		this.#idleCount = needed < this.#values.length * LEAST_USE ? this.#idleCount + 1 : 0;
		const isMoving = needed > this.#values.length || this.#idleCount > IDLE_LIMIT;
		if (!isMoving && capacity === this.#capacity) return;
		const target = isMoving ? this.#allocate(needed) : this.#values;
		const kept = Math.min(capacity, this.#capacity) * this.#inner;
		const places = rows * this.#outer;
		// In place, what is spread is moved from the end, and what is pushed together from the start, or else one piece
		// would be written over the next.
		for (let order = 0; order < places; order++) {
			const place = capacity > this.#capacity ? places - 1 - order : order;
			const from = place * this.#capacity * this.#inner;
			target.set(this.#values.subarray(from, from + kept), place * capacity * this.#inner);
		}
		this.#values = target;
		this.#capacity = capacity;
		if (isMoving) this.#idleCount = 0;
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
