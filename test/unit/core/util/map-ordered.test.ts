import {describe, expect, it} from 'vitest';
import {mapOrdered} from '../../../../src/core/util/map-ordered.js';

interface Deferred<Value> {
	readonly promise: Promise<Value>;
	readonly resolve: (value: Value) => void;
	readonly reject: (reason: unknown) => void;
}

function createDeferred<Value>(): Deferred<Value> {
	let resolve!: (value: Value) => void;
	let reject!: (reason: unknown) => void;
	const promise = new Promise<Value>((keep, fail) => {
		resolve = keep;
		reject = fail;
	});
	return {promise, resolve, reject};
}

/** Counts from 0; says whether it was returned. */
function createCounter(items: number): AsyncIterable<number> & {returned: boolean; pulled: number} {
	const counter = {
		returned: false,
		pulled: 0,
		async *[Symbol.asyncIterator]() {
			try {
				for (let item = 0; item < items; item++) {
					counter.pulled++;
					yield await Promise.resolve(item);
				}
			} finally {
				counter.returned = true;
			}
		},
	};
	return counter;
}

/** Lets everything happen that waits for nothing but its turn. */
async function settle(): Promise<void> {
	await new Promise(resolve => setImmediate(resolve));
}

async function collect<Value>(source: AsyncIterable<Value>): Promise<Value[]> {
	const values: Value[] = [];
	for await (const value of source) values.push(value);
	return values;
}

describe('mapOrdered()', () => {
	it('yields in the order of the items, whichever is ready first', async () => {
		const works = Array.from({length: 4}, () => createDeferred<string>());
		const results = collect(mapOrdered(createCounter(4), 4, item => works[item]!.promise));
		for (const item of [2, 0, 3, 1]) {
			works[item]!.resolve(`result ${item}`);
			await settle();
		}
		expect(await results).toEqual(['result 0', 'result 1', 'result 2', 'result 3']);
	});

	it('yields a result as soon as it and all before it are there', async () => {
		const works = Array.from({length: 3}, () => createDeferred<number>());
		const results: number[] = [];
		const reading = (async () => {
			for await (const result of mapOrdered(createCounter(3), 3, item => works[item]!.promise))
				results.push(result);
		})();
		works[1]!.resolve(1);
		await settle();
		expect(results).toEqual([]);
		works[0]!.resolve(0);
		await settle();
		expect(results).toEqual([0, 1]);
		works[2]!.resolve(2);
		await reading;
		expect(results).toEqual([0, 1, 2]);
	});

	it.each([1, 2, 5])('works on at most %d items at a time, and on as many if it can', async limit => {
		let working = 0;
		let most = 0;
		const results = await collect(
			mapOrdered(createCounter(12), limit, async item => {
				most = Math.max(most, ++working);
				await settle();
				working--;
				return item * 2;
			}),
		);
		expect(results).toEqual(Array.from({length: 12}, (_, item) => item * 2));
		expect(most).toBe(limit);
	});

	it('asks the source for no more than it works on', async () => {
		const source = createCounter(10);
		const iteration = mapOrdered(source, 2, () => new Promise<number>(() => undefined));
		void iteration.next();
		await settle();
		expect(source.pulled).toBe(2);
	});

	it('goes on with a slow source while results come in', async () => {
		const gate = createDeferred<undefined>();
		async function* slow(): AsyncGenerator<number> {
			yield 0;
			await gate.promise;
			yield 1;
		}
		const iteration = mapOrdered(slow(), 4, item => Promise.resolve(item));
		expect(await iteration.next()).toEqual({done: false, value: 0});
		gate.resolve(undefined);
		expect(await collect(iteration)).toEqual([1]);
	});

	it('returns the source when the iteration ends early', async () => {
		const source = createCounter(10);
		for await (const result of mapOrdered(source, 3, item => Promise.resolve(item))) {
			if (result === 1) break;
		}
		expect(source.returned).toBe(true);
	});

	it('yields the results before a failing one, throws its error, and returns the source', async () => {
		const source = createCounter(10);
		const fault = new Error('no third');
		const seen: number[] = [];
		const reading = (async () => {
			for await (const result of mapOrdered(source, 4, item =>
				item === 2 ? Promise.reject(fault) : Promise.resolve(item),
			))
				seen.push(result);
		})();
		await expect(reading).rejects.toBe(fault);
		expect(seen).toEqual([0, 1]);
		expect(source.returned).toBe(true);
	});

	it('yields the results of the items before the source failed, then throws its error', async () => {
		const fault = new Error('the disk is gone');
		const works = [createDeferred<number>(), createDeferred<number>()];
		async function* failing(): AsyncGenerator<number> {
			yield await Promise.resolve(0);
			yield 1;
			throw fault;
		}
		const seen: number[] = [];
		const reading = (async () => {
			for await (const result of mapOrdered(failing(), 4, item => works[item]!.promise)) seen.push(result);
		})();
		const failure = reading.catch((error: unknown) => error);
		await settle();
		works[0]!.resolve(0);
		works[1]!.resolve(1);
		expect(await failure).toBe(fault);
		expect(seen).toEqual([0, 1]);
	});

	it('throws the error of the earlier item if two fail', async () => {
		const works = [createDeferred<number>(), createDeferred<number>()];
		const reading = collect(mapOrdered(createCounter(2), 2, item => works[item]!.promise)).catch(
			(error: unknown) => error,
		);
		works[1]!.reject(new Error('second'));
		await settle();
		works[0]!.reject(new Error('first'));
		expect(await reading).toEqual(new Error('first'));
	});

	it('yields nothing for a source that has nothing', async () => {
		expect(await collect(mapOrdered(createCounter(0), 3, item => Promise.resolve(item)))).toEqual([]);
	});
});
