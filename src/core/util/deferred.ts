/** A promise that is settled from outside. */
export interface Deferred<Value> {
	readonly promise: Promise<Value>;
	readonly resolve: (value: Value) => void;
	readonly reject: (reason: unknown) => void;
}

/** A rejection that nobody awaits does not end the process: whoever needs the promise awaits it. */
export function createDeferred<Value = void>(): Deferred<Value> {
	let resolve!: (value: Value) => void;
	let reject!: (reason: unknown) => void;
	const promise = new Promise<Value>((resolvePromise, rejectPromise) => {
		resolve = resolvePromise;
		reject = rejectPromise;
	});
	promise.catch(() => undefined);
	return {promise, resolve, reject};
}
