import {describe, expect, it} from 'vitest';
import {createRandom} from '../../../../src/core/util/random.js';

describe('createRandom()', () => {
	it('draws the numbers of mulberry32', () => {
		const random = createRandom(0);
		expect(random()).toBe(0.26642920868471265);
		expect(createRandom(1)()).toBe(0.6270739405881613);
	});

	it('draws the same for the same seed and others for another', () => {
		const draw = (seed: number): number[] => Array.from({length: 20}, createRandom(seed));
		expect(draw(7)).toEqual(draw(7));
		expect(draw(7)).not.toEqual(draw(8));
	});

	it('spreads its numbers evenly over 0..1', () => {
		const random = createRandom(3);
		const counts = new Array<number>(10).fill(0);
		for (let draw = 0; draw < 100_000; draw++) counts[Math.floor(random() * 10)]!++;
		// 10 000 each, deviation 95.
		for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
	});
});
