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

	it('is not led astray by a head that looks at single frames', () => {
		const rows = stairs(SPANS, 100);
		rows[0]![90] = 5;
		rows[2]![3] = 5;
		expect(timeTokens(oneHead(rows), 100)).toEqual(timeTokens(oneHead(stairs(SPANS, 100)), 100));
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
