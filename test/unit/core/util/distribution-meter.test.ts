import {expect, it} from 'vitest';
import {DistributionMeter} from '../../../../src/core/util/distribution-meter.js';

it('is all zeros before the first value', () => {
	expect(new DistributionMeter().summary()).toEqual({count: 0, mean: 0, p50: 0, p95: 0, max: 0});
});

it('tells count, mean, nearest-rank percentiles and the largest value', () => {
	const meter = new DistributionMeter();
	for (let value = 100; value >= 1; value--) meter.add(value);
	expect(meter.summary()).toEqual({count: 100, mean: 50.5, p50: 50, p95: 95, max: 100});
});

it('takes percentiles of the newest thousand values, mean and largest of all', () => {
	const meter = new DistributionMeter();
	for (let index = 0; index < 500; index++) meter.add(9000);
	for (let index = 0; index < 1000; index++) meter.add(1);
	expect(meter.summary()).toEqual({count: 1500, mean: (500 * 9000 + 1000) / 1500, p50: 1, p95: 1, max: 9000});
});
