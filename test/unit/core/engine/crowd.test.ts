import {describe, expect, it} from 'vitest';
import {Crowd} from '../../../../src/core/engine/crowd.js';
import {FakeClock} from '../../../helpers/fake-clock.js';

/** A crowd, and a way to let a second pass of which the thread is busy for so many ms. */
function open(): {crowd: Crowd; pass: (activeMs: number) => boolean} {
	const clock = new FakeClock();
	const total = {activeMs: 500, idleMs: 9000};
	const crowd = new Crowd(clock, () => ({...total}));
	const pass = (activeMs: number): boolean => {
		clock.advance(1000);
		total.activeMs += activeMs;
		total.idleMs += 1000 - activeMs;
		return crowd.isCrowded;
	};
	return {crowd, pass};
}

describe('Crowd', () => {
	it('is none at the beginning, whatever the thread did before', () => {
		expect(open().crowd.isCrowded).toBe(false);
	});

	it('comes when the thread is busy for most of a second', () => {
		const {pass} = open();
		expect(pass(590)).toBe(false);
		expect(pass(610)).toBe(true);
	});

	it('stays while the thread is as busy as sparing sessions make it, and goes after that', () => {
		const {pass} = open();
		pass(1000);
		expect(pass(400)).toBe(true);
		expect(pass(340)).toBe(false);
		expect(pass(400)).toBe(false);
	});

	it('tells the same within a second', () => {
		const clock = new FakeClock();
		let activeMs = 0;
		const crowd = new Crowd(clock, () => ({activeMs, idleMs: 0}));
		activeMs = 900;
		clock.advance(900);
		expect(crowd.isCrowded).toBe(false);
		clock.advance(100);
		expect(crowd.isCrowded).toBe(true);
	});
});
