/**
 * Begins to read a source at once and up to `limit` items ahead of whoever reads the result.
 *
 * A failure of the source is thrown after the items before it. When the iteration ends early, or `signal` ends it
 * before it has begun, the source is returned.
 */
export function readAhead<Item>(
	source: AsyncIterable<Item>,
	limit: number,
	signal: AbortSignal,
): AsyncIterable<Item> {
	const iterator = source[Symbol.asyncIterator]();
	const ready: Promise<IteratorResult<Item>>[] = [];
	let isOver = false;
	const fill = (): void => {
		if (isOver || signal.aborted || ready.length >= limit) return;
		const next = iterator.next();
		ready.push(next);
		// A rejection is reported when its turn comes; until then it must not end the process.
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
		[Symbol.asyncIterator]: async function* () {
			try {
				for (;;) {
					fill();
					const result = await (ready.shift() ?? iterator.next());
					if (result.done === true) return;
					yield result.value;
				}
			} finally {
				await iterator.return?.();
			}
		},
	};
}
