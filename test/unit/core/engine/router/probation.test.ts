import {describe, expect, it} from 'vitest';

import {Probation} from '../../../../../src/core/engine/router/probation.js';
import {FakeClock} from '../../../../helpers/fake-context.js';

interface Suspect {
	readonly name: string;
}

function open() {
	const clock = new FakeClock();
	const probation = new Probation<Suspect>(clock);
	const [a, b, c] = ['a', 'b', 'c'].map(name => ({name})) as [Suspect, Suspect, Suspect];
	const entered: string[] = [];
	const enter = async (suspect: Suspect, signal = new AbortController().signal): Promise<void> => {
		await probation.enter(suspect, signal);
		entered.push(suspect.name);
		probation.opened(suspect);
	};
	/** Lets everything that can go on go on. @returns who was let in since. */
	const news = async (): Promise<string[]> => {
		await new Promise(resolve => setImmediate(resolve));
		return entered.splice(0);
	};
	return {clock, probation, a, b, c, enter, news};
}

describe('Probation', () => {
	it('gives up a session with which three replicas were lost', () => {
		const {probation, a} = open();
		expect(probation.blame([a])).toEqual([]);
		expect(probation.blame([a])).toEqual([]);
		expect(probation.blame([a])).toEqual([a]);
	});

	it('forgets what a session was blamed for when it gets on', () => {
		const {probation, a} = open();
		probation.blame([a]);
		probation.blame([a]);
		expect(probation.isSuspect(a)).toBe(true);
		probation.clear(a);
		expect(probation.isSuspect(a)).toBe(false);
		expect(probation.blame([a])).toEqual([]);
	});

	it('gives up none of several that were lost together, however often', () => {
		const {probation, a, b} = open();
		for (let loss = 0; loss < 5; loss++) expect(probation.blame([a, b])).toEqual([]);
	});

	it('lets those with two strikes go on one by one, each when the one before got on', async () => {
		const {probation, a, b, c, enter, news} = open();
		probation.blame([a, b, c]);
		void [a, b, c].map(suspect => enter(suspect));
		expect(await news()).toEqual(['a', 'b', 'c']);
		probation.blame([a, b, c]);
		void [a, b, c].map(suspect => enter(suspect));
		expect(await news()).toEqual(['a']);
		probation.clear(a);
		expect(await news()).toEqual(['b']);
	});

	it('blames the one that is watched, and clears the others of that loss', async () => {
		const {probation, a, b, c, enter, news} = open();
		probation.blame([a, b]);
		probation.blame([a, b]);
		void enter(a);
		void enter(b);
		expect(await news()).toEqual(['a']);
		// An innocent session is on the same replica.
		expect(probation.blame([a, c])).toEqual([a]);
		expect(probation.isSuspect(c)).toBe(false);
		expect(await news()).toEqual(['b']);
		probation.clear(b);
		expect(probation.isSuspect(b)).toBe(false);
	});

	it('watches one that has nothing to get on with for a second, then the next; twice as long the next time', async () => {
		const {clock, probation, a, b, enter, news} = open();
		for (const watchMs of [1000, 2000]) {
			probation.blame([a, b]);
			probation.blame([a, b]);
			void enter(a);
			void enter(b);
			expect(await news()).toEqual(['a']);
			clock.advance(watchMs - 1);
			expect(await news()).toEqual([]);
			clock.advance(1);
			expect(await news()).toEqual(['b']);
			clock.advance(watchMs);
		}
	});

	it('lets one give up waiting, and those behind it go on', async () => {
		const {probation, a, b, c, enter, news} = open();
		probation.blame([a, b, c]);
		probation.blame([a, b, c]);
		const patience = new AbortController();
		void enter(a);
		const waiting = enter(b, patience.signal).catch((reason: unknown) => reason);
		void enter(c);
		expect(await news()).toEqual(['a']);
		probation.clear(a);
		patience.abort('tired');
		expect(await waiting).toBe('tired');
		expect(await news()).toEqual(['c']);
	});
});
