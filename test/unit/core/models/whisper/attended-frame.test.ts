import {describe, expect, it} from 'vitest';
import {findAttendedFrame} from '../../../../../src/core/models/whisper/attended-frame.js';
import {createRandom} from '../../../../../src/core/util/random.js';

/** As it is defined: the median of seven, the edges going on, the sum over the heads, the first of the largest. */
function findNaively(heads: readonly Float32Array[], frames: number): number {
	const sums = Array.from({length: frames}, (_, frame) =>
		heads.reduce((sum, head) => {
			const seven = [-3, -2, -1, 0, 1, 2, 3].map(
				offset => head[Math.min(Math.max(frame + offset, 0), frames - 1)]!,
			);
			return Math.fround(sum + seven.sort((a, b) => a - b)[3]!);
		}, 0),
	);
	return sums.indexOf(Math.max(...sums));
}

/** Attention of a head that looks at one place. */
function peakAt(frame: number, {length = 100, width = 4, height = 1} = {}): Float32Array {
	return Float32Array.from({length}, (_, at) => (Math.abs(at - frame) < width ? height : 0.001));
}

describe('findAttendedFrame()', () => {
	it('finds what a plain median filter finds', () => {
		const random = createRandom(11);
		for (let round = 0; round < 400; round++) {
			const length = 1 + Math.floor(random() * 60);
			const frames = 1 + Math.floor(random() * length);
			// Few different values, so that many are equal.
			const steps = random() < 0.5 ? 4 : 1e6;
			const heads = Array.from({length: 1 + Math.floor(random() * 8)}, () =>
				Float32Array.from({length}, () => Math.floor(random() * steps) / steps),
			);
			expect(findAttendedFrame(heads, frames), `round ${round}`).toBe(findNaively(heads, frames));
		}
	});

	it('takes no notice of a spike in one frame', () => {
		const head = peakAt(30);
		head[80] = 50;
		expect(findAttendedFrame([head], 100)).toBe(findAttendedFrame([peakAt(30)], 100));
	});

	it('looks at no frame behind the audio', () => {
		const head = peakAt(20, {height: 0.5}).map((value, at) => (at >= 60 ? 1 : value));
		expect(findAttendedFrame([head], 60)).toBeLessThan(25);
		expect(findAttendedFrame([head], 100)).toBeGreaterThanOrEqual(57);
	});

	it('weighs all heads alike', () => {
		expect(findAttendedFrame([peakAt(20), peakAt(70), peakAt(71)], 100)).toBeGreaterThan(65);
		expect(findAttendedFrame([peakAt(20), peakAt(21), peakAt(70)], 100)).toBeLessThan(25);
	});

	it('is 0 where there is one frame, and leaves the attention as it was', () => {
		const head = peakAt(30);
		expect(findAttendedFrame([head], 1)).toBe(0);
		findAttendedFrame([head], 100);
		expect(head).toEqual(peakAt(30));
	});
});
