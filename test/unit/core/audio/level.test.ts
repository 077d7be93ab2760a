import {describe, expect, it} from 'vitest';

import {levelDecibels} from '../../../../src/core/audio/level.js';

describe('levelDecibels', () => {
	it.each([
		[new Float32Array(100), -100],
		[new Float32Array(0), -100],
		[new Float32Array(100).fill(1), 0],
		[new Float32Array(100).fill(0.1), -20],
		// Louder than anything a card can play.
		[new Float32Array(100).fill(3), 0],
	])('measures from silence to full scale (%#)', (samples, decibels) => {
		expect(levelDecibels(samples)).toBeCloseTo(decibels, 3);
	});

	it('calls a full sine 3 dB less than a full square', () => {
		const sine = Float32Array.from({length: 16_000}, (_, index) =>
			Math.sin((2 * Math.PI * 440 * index) / 16_000),
		);
		expect(levelDecibels(sine)).toBeCloseTo(-3.01, 2);
	});
});
