/**
 * Maps items while up to `limit` of them are being worked on, and yields the results in the order of the
 * items, each as soon as it and all before it are there.
 *
 * When the iteration ends early the source is returned; work under way is left to settle unseen, so
 * `map` should heed an AbortSignal.
 *
 * @throws whatever the source or `map` throws, after the results before it.
 */
export async function* mapOrdered<Item, Result>(
	source: AsyncIterable<Item>,
	limit: number,
	map: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
	const iterator = source[Symbol.asyncIterator]();
	const pending: Promise<Result>[] = [];
	let next: Promise<IteratorResult<Item>> | undefined;
	let isOver = false;
	try {
		while (!isOver || pending.length > 0) {
			if (!isOver && pending.length < limit) next ??= quiet(iterator.next());
			const head = pending[0];
			const winner = await Promise.race([
				...(head === undefined ? [] : [head.then(() => 'result' as const)]),
				...(next === undefined || pending.length >= limit ? [] : [next.then(() => 'item' as const)]),
			]);
			if (winner === 'result') {
				yield await pending.shift()!;
				continue;
			}
			const item = await next!;
			next = undefined;
			if (item.done === true) isOver = true;
			else pending.push(quiet(map(item.value)));
		}
	} finally {
		await iterator.return?.();
	}
}

/** A rejection nobody awaits yet must not end the process: it is reported when its turn comes, or never. */
function quiet<Value>(promise: Promise<Value>): Promise<Value> {
	promise.catch(() => undefined);
	return promise;
}
