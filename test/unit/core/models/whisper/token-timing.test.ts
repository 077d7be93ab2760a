import {describe, expect, it} from 'vitest';
import {timeTokens} from '../../../../../src/core/models/whisper/token-timing.js';
import {createRandom} from '../../../../../src/core/util/random.js';

/** Attention of one head: each token, and the end, looks at its own frames. */
function stairs(
	spans: readonly (readonly [number, number])[],
	frames: number,
	noise = 0,
	seed = 1,
): Float32Array[] {
	const random = createRandom(seed);
	return spans.map(([from, to]) =>
		Float32Array.from(
			{length: frames},
			(_, frame) => (frame >= from && frame < to ? 0.5 : 0.01) + random() * noise,
		),
	);
}

function oneHead(rows: readonly Float32Array[]): Float32Array[][] {
	return rows.map(row => [row]);
}

/** The definition, step by step (OpenAI's `timing.py`): frames at which the rows of the path begin. */
function startsByDefinition(alignment: readonly (readonly Float32Array[])[], frames: number): number[] {
	const rows = alignment.length;
	const heads = alignment[0]!.length;
	const smoothed = Array.from({length: heads}, (_, head) => {
		const normal = Array.from({length: rows}, () => new Array<number>(frames));
		for (let frame = 0; frame < frames; frame++) {
			const column = alignment.map(row => row[head]![frame]!);
			const mean = column.reduce((a, b) => a + b) / rows;
			const deviation = Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows);
			for (const [row, value] of column.entries()) normal[row]![frame] = (value - mean) / deviation;
		}
		return normal.map(row =>
			row.map((_value, frame) => {
				const window = [-3, -2, -1, 0, 1, 2, 3].map(offset => {
					const place = Math.abs(frame + offset);
					return row[place < frames ? place : 2 * (frames - 1) - place]!;
				});
				return window.sort((a, b) => a - b)[3]!;
			}),
		);
	});
	const cost = new Map<string, number>([['0 0', 0]]);
	const at = (row: number, frame: number): number => cost.get(`${row} ${frame}`) ?? Infinity;
	for (let row = 1; row <= rows; row++) {
		for (let frame = 1; frame <= frames; frame++) {
			const value = smoothed.reduce((sum, head) => sum + head[row - 1]![frame - 1]!, 0) / heads;
			const before = Math.min(at(row - 1, frame - 1), at(row - 1, frame), at(row, frame - 1));
			cost.set(`${row} ${frame}`, before - value);
		}
	}
	const starts = new Array<number>(rows);
	for (let row = rows, frame = frames; row > 0 && frame > 0;) {
		starts[row - 1] = frame - 1;
		const [diagonal, up, left] = [at(row - 1, frame - 1), at(row - 1, frame), at(row, frame - 1)];
		const least = Math.min(diagonal, up, left);
		if (least !== left) row--;
		if (least !== up) frame--;
	}
	return starts;
}

const SPANS = [
	[0, 20],
	[20, 50],
	[50, 65],
	[65, 100],
] as const;

describe('timeTokens()', () => {
	it('places each token where the attention to it is', () => {
		expect(timeTokens(oneHead(stairs(SPANS, 100)), 100)).toEqual([
			{startMs: 0, endMs: 400},
			{startMs: 400, endMs: 1000},
			{startMs: 1000, endMs: 1300},
		]);
	});

	it('finds the places in noise, from several heads', () => {
		const [a, b, c] = [1, 2, 3].map(seed => stairs(SPANS, 100, 0.5, seed)) as [
			Float32Array[],
			Float32Array[],
			Float32Array[],
		];
		const times = timeTokens(
			a.map((row, token) => [row, b[token]!, c[token]!]),
			100,
		);
		for (const [token, {startMs, endMs}] of times.entries()) {
			expect(Math.abs(startMs - SPANS[token]![0] * 20)).toBeLessThanOrEqual(60);
			expect(Math.abs(endMs - SPANS[token]![1] * 20)).toBeLessThanOrEqual(60);
		}
	});

	it('is what the definition says for attention of any kind', () => {
		const random = createRandom(9);
		// Of two tokens each is normalised to the negative of the other: many paths cost the same.
		for (let round = 0; round < 30; round++) {
			const [tokens, heads, frames] = [
				3 + Math.floor(random() * 8),
				1 + (round % 3),
				8 + Math.floor(random() * 40),
			];
			const alignment = Array.from({length: tokens}, () =>
				Array.from({length: heads}, () => Float32Array.from({length: frames}, random)),
			);
			const starts = startsByDefinition(alignment, frames);
			expect(timeTokens(alignment, frames)).toEqual(
				starts.slice(1).map((end, token) => ({startMs: starts[token]! * 20, endMs: end * 20})),
			);
		}
	});

	it('does not look at the padding behind the audio', () => {
		const rows = stairs(SPANS, 200);
		for (const row of rows) row.fill(9, 100);
		expect(timeTokens(oneHead(rows), 100)).toEqual(timeTokens(oneHead(stairs(SPANS, 100)), 100));
	});

	it('goes forward in time, whatever the attention does', () => {
		const random = createRandom(3);
		for (let round = 0; round < 50; round++) {
			const [tokens, frames] = [2 + Math.floor(random() * 30), 1 + Math.floor(random() * 60)];
			const rows = Array.from({length: tokens}, () => Float32Array.from({length: frames}, random));
			const times = timeTokens(oneHead(rows), frames);
			expect(times).toHaveLength(tokens - 1);
			let last = 0;
			for (const {startMs, endMs} of times) {
				expect(startMs).toBeGreaterThanOrEqual(last);
				expect(endMs).toBeGreaterThanOrEqual(startMs);
				expect(endMs).toBeLessThanOrEqual(frames * 20);
				last = endMs;
			}
		}
	});

	it('has no times for no tokens or no audio', () => {
		expect(timeTokens(oneHead(stairs([[0, 5]], 5)), 5)).toEqual([]);
		expect(timeTokens([], 5)).toEqual([]);
		expect(timeTokens(oneHead(stairs(SPANS, 100)), 0)).toEqual([]);
	});
});
