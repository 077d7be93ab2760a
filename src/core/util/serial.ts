/** Runs calls one after another, in the order in which they were made. */
export function createSerial(): <Value>(work: () => Promise<Value>) => Promise<Value> {
	let last: Promise<unknown> = Promise.resolve();
	return work => {
		const result = last.then(work);
		last = result.catch(() => undefined);
		return result;
	};
}
