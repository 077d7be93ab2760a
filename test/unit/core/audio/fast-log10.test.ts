import {expect, it} from 'vitest';
import {FastLog10} from '../../../../src/core/audio/fast-log10.js';

it('replaces every value by its logarithm within 1e-11', () => {
	const numbers = Array.from(
		{length: 20_000},
		(_, index) => 10 ** ((index - 10_000) / 50) * (1 + index / 20_000),
	);
	numbers.push(1, 2 - Number.EPSILON, 1e-10, 2 ** -1022, Number.MAX_VALUE);
	const logarithms = new FastLog10(numbers.length);
	logarithms.values.set(numbers);
	logarithms.apply();
	for (const [index, number] of numbers.entries()) {
		expect(Math.abs(logarithms.values[index]! - Math.log10(number))).toBeLessThan(1e-11);
	}
});
