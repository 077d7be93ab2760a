/** Vectors of several texts, in place: [rows, heads, capacity, vector size]. */
export class RowBuffer {
	readonly #heads: number;
	readonly #vectorSize: number;
	#values = new Float32Array(0);
	#capacity = 0;

	constructor({heads, vectorSize}: {readonly heads: number; readonly vectorSize: number}) {
		this.#heads = heads;
		this.#vectorSize = vectorSize;
	}

	get byteLength(): number {
		return this.#values.byteLength;
	}

	/** All of it; another array after {@link resize}. */
	get values(): Float32Array {
		return this.#values;
	}

	/** Rows that lie side by side, read in place. */
	rows(first: number, count: number): {readonly values: Float32Array; readonly shape: readonly number[]} {
		const stride = this.#rowStride;
		return {
			values: this.#values.subarray(first * stride, (first + count) * stride),
			shape: [count, this.#heads, this.#capacity, this.#vectorSize],
		};
	}

	/** Where the vector of a place begins, in each head of a row. */
	starts(row: number, place: number): number[] {
		return Array.from(
			{length: this.#heads},
			(_, head) => ((row * this.#heads + head) * this.#capacity + place) * this.#vectorSize,
		);
	}

	/** @param lengths - how many places of each row are kept. */
	resize(rows: number, capacity: number, lengths: readonly number[]): void {
		const old = this.#values;
		const oldStarts = lengths.map((_, row) => this.starts(row, 0));
		this.#capacity = capacity;
		this.#values = new Float32Array(rows * this.#rowStride);
		for (const [row, length] of lengths.entries()) {
			for (const [head, to] of this.starts(row, 0).entries()) {
				const from = oldStarts[row]![head]!;
				this.#values.set(old.subarray(from, from + length * this.#vectorSize), to);
			}
		}
	}

	/** Moves places `from` .. `from + count - 1` of a row to `to`. */
	move(
		row: number,
		{from, to, count}: {readonly from: number; readonly to: number; readonly count: number},
	): void {
		const targets = this.starts(row, to);
		for (const [head, start] of this.starts(row, from).entries()) {
			this.#values.copyWithin(targets[head]!, start, start + count * this.#vectorSize);
		}
	}

	/** Copies places of the same row of another buffer. */
	fill(
		row: number,
		place: number,
		other: RowBuffer,
		{from, count}: {readonly from: number; readonly count: number},
	): void {
		const targets = this.starts(row, place);
		for (const [head, start] of other.starts(row, from).entries()) {
			this.#values.set(other.#values.subarray(start, start + count * this.#vectorSize), targets[head]);
		}
	}

	/** The first places of one row into another. */
	copyRow(from: number, to: number, count: number): void {
		const targets = this.starts(to, 0);
		for (const [head, start] of this.starts(from, 0).entries()) {
			this.#values.copyWithin(targets[head]!, start, start + count * this.#vectorSize);
		}
	}

	swapRows(a: number, b: number): void {
		const stride = this.#rowStride;
		const kept = this.#values.slice(a * stride, (a + 1) * stride);
		this.#values.copyWithin(a * stride, b * stride, (b + 1) * stride);
		this.#values.set(kept, b * stride);
	}

	get #rowStride(): number {
		return this.#heads * this.#capacity * this.#vectorSize;
	}
}
