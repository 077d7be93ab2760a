import {InfinisstError} from '../../src/core/errors.js';

/** The error of ours that a promise rejects with; itself rejects if it resolves or rejects with another. */
export async function catchRejection(promise: Promise<unknown>): Promise<InfinisstError> {
	let error: unknown;
	try {
		await promise;
	} catch (rejection) {
		error = rejection;
	}
	if (InfinisstError.is(error)) return error;
	throw new Error('expected an InfinisstError', {cause: error});
}
