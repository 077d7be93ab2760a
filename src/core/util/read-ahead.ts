/**
 * Begins to read a source at once, and goes on up to `limit` items ahead of whoever reads the result; with 0 it
 * waits to be read.
 *
 * A failure of the source is thrown after the items before it. `return()` gives up the source, also when
 * nothing was read yet.
 */
export function readAhead<Item>(source: AsyncIterable<Item>, limit: number): AsyncIterableIterator<Item> {
	const iterator = source[Symbol.asyncIterator]();
	const ready: Promise<IteratorResult<Item>>[] = [];
	let isOver = false;
	const fill = (): void => {
		if (isOver || ready.length >= limit) return;
		const next = iterator.next();
		ready.push(next);
		// A rejection is thrown when its turn comes; until then it must not end the process.
		next.then(
			({done}) => {
				if (done === true) isOver = true;
				else fill();
			},
			() => (isOver = true),
		);
	};
	fill();
	return {
		next: () => {
			const next = ready.shift() ?? iterator.next();
			if (ready.length === limit - 1) fill();
			return next;
		},
		return: async () => {
			isOver = true;
			await iterator.return?.();
			return {done: true, value: undefined};
		},
		[Symbol.asyncIterator]() {
			return this;
		},
	};
}
