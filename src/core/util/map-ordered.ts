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
	let next: Promise<SourceStep<Item>> | undefined;
	let last: SourceStep<Item> | undefined;
	try {
		while (last === undefined || pending.length > 0) {
			if (last === undefined && pending.length < limit) next ??= pull(iterator);
			const head = pending[0];
			const winner = await Promise.race([
				...(head === undefined ? [] : [head.then(() => 'result' as const)]),
				...(next === undefined || pending.length >= limit ? [] : [next]),
			]);
			if (winner === 'result') {
				yield await pending.shift()!;
				continue;
			}
			next = undefined;
			if (winner.type === 'item') pending.push(quiet(map(winner.item)));
			else last = winner;
		}
		if (last.type === 'failure') throw last.reason;
	} finally {
		await iterator.return?.();
	}
}

type SourceStep<Item> =
	| {readonly type: 'item'; readonly item: Item}
	| {readonly type: 'end'}
	/** Kept until the results before it are out. */
	| {readonly type: 'failure'; readonly reason: unknown};

async function pull<Item>(iterator: AsyncIterator<Item>): Promise<SourceStep<Item>> {
	try {
		const step = await iterator.next();
		return step.done === true ? {type: 'end'} : {type: 'item', item: step.value};
	} catch (reason) {
		return {type: 'failure', reason};
	}
}

/** A rejection nobody awaits yet must not end the process: it is reported when its turn comes, or never. */
function quiet<Value>(promise: Promise<Value>): Promise<Value> {
	promise.catch(() => undefined);
	return promise;
}
