import {describe, expect, it} from 'vitest';
import {readAhead} from '../../../../src/core/util/read-ahead.js';

/** Counts how far it was read, and whether it was given up. */
function createSource(length: number, failsAt?: number) {
	const state = {produced: 0, isReturned: false};
	const source = (async function* () {
		try {
			for (let item = 0; item < length; item++) {
				await Promise.resolve();
				if (item === failsAt) throw new Error('broken');
				state.produced++;
				yield item;
			}
		} finally {
			state.isReturned = true;
		}
	})();
	return {state, source};
}

/** Lets everything that is ready to run do so. */
const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

describe('readAhead', () => {
	it('gives all items in order', async () => {
		const {source} = createSource(10);
		const items: number[] = [];
		for await (const item of readAhead(source, 3)) items.push(item);
		expect(items).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
	});

	it('reads up to its limit before anybody asks, and keeps that distance', async () => {
		const {source, state} = createSource(10);
		const ahead = readAhead(source, 3);
		await settle();
		expect(state.produced).toBe(3);
		await ahead.next();
		await settle();
		expect(state.produced).toBe(4);
	});

	it('waits to be read where the limit is 0', async () => {
		const {source, state} = createSource(3);
		const ahead = readAhead(source, 0);
		await settle();
		expect(state.produced).toBe(0);
		expect(await ahead.next()).toEqual({done: false, value: 0});
		expect(state.produced).toBe(1);
	});

	it('throws a failure after the items before it', async () => {
		const {source} = createSource(10, 2);
		const ahead = readAhead(source, 5);
		await settle();
		expect((await ahead.next()).value).toBe(0);
		expect((await ahead.next()).value).toBe(1);
		await expect(ahead.next()).rejects.toThrow('broken');
		expect((await ahead.next()).done).toBe(true);
	});

	it('gives up the source, also when nothing was read', async () => {
		const {source, state} = createSource(10);
		const ahead = readAhead(source, 2);
		await ahead.return?.();
		expect(state.isReturned).toBe(true);
		await settle();
		expect(state.produced).toBeLessThanOrEqual(2);
	});
});
