/** What `work` throws; itself throws if it does not. */
export function catchError(work: () => unknown): unknown {
	try {
		work();
	} catch (error) {
		return error;
	}

	throw new Error('expected a failure, but nothing was thrown');
}
