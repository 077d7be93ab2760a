import {describe, expect, it} from 'vitest';

import {WaitingLine, type WaitOptions} from '../../../../../src/core/engine/router/waiting-line.js';

function open() {
	const line = new WaitingLine<string>(position => position * 1000);
	const told: string[] = [];
	const wait = (name: string, options: WaitOptions = {}): Promise<string> =>
		line
			.wait(name, {
				onQueued: ({position, etaMs}) => told.push(`${name} ${position} ${etaMs}`),
				...options,
			})
			.then(
				() => `${name} in`,
				(reason: unknown) => `${name} refused: ${String(reason)}`,
			);
	/** What was told since it was asked last. */
	const news = (): string[] => told.splice(0);
	return {line, wait, news};
}

describe('WaitingLine', () => {
	it('tells each its position and when it will begin, and again when it moves up', async () => {
		const {line, wait, news} = open();
		const waits = ['a', 'b', 'c'].map(name => wait(name));
		expect(news()).toEqual(['a 1 1000', 'b 2 2000', 'c 3 3000']);
		expect(line.first).toBe('a');
		line.admitFirst();
		expect(news()).toEqual(['b 1 1000', 'c 2 2000']);
		expect(line.length).toBe(2);
		line.admitFirst();
		line.admitFirst();
		expect(news()).toEqual(['c 1 1000']);
		expect(await Promise.all(waits)).toEqual(['a in', 'b in', 'c in']);
		expect(line.first).toBeUndefined();
	});

	it('lets go of one that gives up at once, and moves up those behind it', async () => {
		const {line, wait, news} = open();
		const patience = new AbortController();
		const waits = [wait('a'), wait('b', {signal: patience.signal}), wait('c')];
		news();
		patience.abort('tired');
		expect(line.length).toBe(2);
		expect(news()).toEqual(['c 2 2000']);
		line.admitFirst();
		line.admitFirst();
		expect(await Promise.all(waits)).toEqual(['a in', 'b refused: tired', 'c in']);
	});

	it('does not let one wait that has given up already', async () => {
		const {line, wait, news} = open();
		expect(await wait('a', {signal: AbortSignal.abort('tired')})).toBe('a refused: tired');
		expect(line.length).toBe(0);
		expect(news()).toEqual([]);
	});

	it('puts one that had been let in before all others', () => {
		const {line, wait, news} = open();
		void wait('a');
		news();
		void wait('b', {isFirst: true});
		expect(news()).toEqual(['b 1 1000', 'a 2 2000']);
		expect(line.first).toBe('b');
	});

	it('refuses all, without moving any up before', async () => {
		const {line, wait, news} = open();
		const waits = [wait('a'), wait('b')];
		news();
		line.refuseAll('closed');
		expect(await Promise.all(waits)).toEqual(['a refused: closed', 'b refused: closed']);
		expect(news()).toEqual([]);
		expect(line.length).toBe(0);
	});

	it('refuses only the one whose listener throws', async () => {
		const {line, wait, news} = open();
		const waits = [
			wait('a'),
			wait('b', {
				onQueued: () => {
					throw new Error('defect');
				},
			}),
			wait('c'),
		];
		expect(news()).toEqual(['a 1 1000', 'c 2 2000']);
		line.admitFirst();
		line.admitFirst();
		expect(await Promise.all(waits)).toEqual(['a in', 'b refused: Error: defect', 'c in']);
	});
});
