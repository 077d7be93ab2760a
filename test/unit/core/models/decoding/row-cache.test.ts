import {describe, expect, it} from 'vitest';
import type {OnnxSession} from '../../../../../src/core/models/onnx-session.js';
import {RowCache} from '../../../../../src/core/models/decoding/row-cache.js';
import {createRandom} from '../../../../../src/core/util/random.js';

const OUTER = 3;
const INNER = 2;

/** Hands out the values that a tensor would be made of. */
const session = {
	floats: (values: Float32Array) => values,
	bytes: (values: Int8Array) => values,
} as unknown as OnnxSession;

/** Entries of a row: [outer][length * inner]. */
function read(cache: RowCache, row: number, capacity: number, length: number): number[][] {
	const values = cache.tensor(session, row, [1]) as unknown as Float32Array;
	expect(values).toHaveLength(OUTER * capacity * INNER);
	return Array.from({length: OUTER}, (_, place) => [
		...values.subarray(place * capacity * INNER, (place * capacity + length) * INNER),
	]);
}

describe('RowCache', () => {
	it('keeps what rows hold, whatever room they are given', () => {
		const random = createRandom(1);
		const cache = new RowCache({type: 'float32', outer: OUTER, inner: INNER});
		const rows: number[][][] = [];
		let capacity = 4;
		cache.resize(4, capacity, 0);
		for (let round = 0; round < 300; round++) {
			const length = 4;
			if (rows.length < 6 && random() < 0.5) {
				cache.resize(rows.length + 1, capacity, rows.length);
				const values = Float32Array.from({length: OUTER * length * INNER}, () => Math.floor(random() * 1000));
				cache.write(rows.length, 0, values, 0, length);
				rows.push(
					Array.from({length: OUTER}, (_, place) => [
						...values.subarray(place * length * INNER, (place + 1) * length * INNER),
					]),
				);
			} else if (rows.length > 0 && random() < 0.3) {
				const last = rows.pop()!;
				const place = Math.floor(random() * (rows.length + 1));
				if (place < rows.length) {
					cache.copyRow(rows.length, place);
					rows[place] = last;
				}
			}
			capacity = 4 + Math.floor(random() * 20);
			cache.resize(Math.max(1, rows.length), capacity, rows.length);
			expect(rows.map((_, row) => read(cache, row, capacity, length))).toEqual(rows);
		}
	});

	it('keeps its memory while load comes and goes', () => {
		const cache = new RowCache({type: 'int8', outer: OUTER, inner: INNER});
		cache.resize(8, 64, 0);
		const {byteLength} = cache;
		for (let round = 0; round < 2000; round++) {
			cache.resize(round % 100 === 0 ? 8 : 1, 8 + (round % 30), 0);
			expect(cache.byteLength).toBe(byteLength);
		}
	});

	it('gives memory back that was not needed for long', () => {
		const cache = new RowCache({type: 'int8', outer: OUTER, inner: INNER});
		cache.resize(8, 64, 0);
		for (let round = 0; round < 600; round++) cache.resize(1, 16, 0);
		expect(cache.byteLength).toBe(OUTER * 16 * INNER);
	});
});
