import {expect, it} from 'vitest';

import {predictWork} from '../../../../../src/core/engine/router/predict-work.js';

it('takes what was measured as it is', () => {
	expect(
		predictWork(
			[
				{latencyMultiplier: 1, workPerSecondMs: 90},
				{latencyMultiplier: 4, workPerSecondMs: 12},
			],
			70,
		),
	).toEqual([90, 12]);
});

it('takes the prior while nothing was measured, less for those that look less often', () => {
	const work = predictWork(
		([1, 2, 3, 4] as const).map(latencyMultiplier => ({latencyMultiplier, workPerSecondMs: undefined})),
		100,
	);
	expect(work.map(ms => Math.round(ms))).toEqual([100, 69, 58, 53]);
});

it('takes the mean of those measured for one that is new, each brought to the same latency multiplier', () => {
	const [, , first, second] = predictWork(
		[
			{latencyMultiplier: 1, workPerSecondMs: 100},
			{latencyMultiplier: 2, workPerSecondMs: 68.5},
			{latencyMultiplier: 1, workPerSecondMs: undefined},
			{latencyMultiplier: 2, workPerSecondMs: undefined},
		],
		1,
	);
	expect(first).toBeCloseTo(100);
	expect(second).toBeCloseTo(68.5);
});
