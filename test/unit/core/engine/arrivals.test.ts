import {expect, it} from 'vitest';
import {Arrivals} from '../../../../src/core/engine/arrivals.js';
import {FakeClock} from '../../../helpers/fake-clock.js';

it('tells when the last sample of some audio was there', () => {
	const clock = new FakeClock();
	const arrivals = new Arrivals(clock);
	for (const endSample of [1000, 2000, 3000]) {
		clock.advance(100);
		arrivals.note(endSample);
	}
	expect([500, 1000, 1001, 2000, 2500, 3000].map(sample => arrivals.timeOf(sample))).toEqual([
		100, 100, 200, 200, 300, 300,
	]);
});

it('takes what comes within a millisecond for one arrival, but no more than that', () => {
	const clock = new FakeClock();
	const arrivals = new Arrivals(clock);
	for (let sample = 1; sample <= 10; sample++) {
		arrivals.note(sample);
		clock.advance(0.25);
	}
	// The first four came at 0 to 0.75 ms, the next four at 1 to 1.75 ms.
	expect([1, 4, 5, 8, 9, 10].map(sample => arrivals.timeOf(sample))).toEqual([0, 0, 1, 1, 2, 2]);
});

it('takes what is not there yet for what came last, and nothing for now', () => {
	const clock = new FakeClock();
	const arrivals = new Arrivals(clock);
	clock.advance(70);
	expect(arrivals.timeOf(0)).toBe(70);
	arrivals.note(10);
	clock.advance(30);
	expect(arrivals.timeOf(10)).toBe(70);
	expect(arrivals.timeOf(11)).toBe(70);
	arrivals.note(20);
	expect(arrivals.timeOf(11)).toBe(100);
});
