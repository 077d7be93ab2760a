import {ERROR_CATALOGUE, InfinisstError, type ErrorCode} from '../errors.js';

/** An error as it is sent between threads and processes. */
export interface Fault {
	/** Of an `InfinisstError`. */
	readonly code: string | undefined;
	readonly message: string;
	readonly hint: string | undefined;
	readonly stack: string | undefined;
}

export function toFault(error: unknown): Fault {
	const {message, stack} = error instanceof Error ? error : new Error(String(error));
	const known = InfinisstError.is(error) ? error : undefined;
	return {code: known?.code, hint: known?.hint, message, stack};
}

/** An `InfinisstError` where the code is known, else a plain error. */
export function fromFault({code, message, hint, stack}: Fault): Error {
	const isKnown = code !== undefined && Object.hasOwn(ERROR_CATALOGUE, code);
	const error = isKnown
		? new InfinisstError(code as ErrorCode, message, hint === undefined ? {} : {hint})
		: new Error(message);
	if (stack !== undefined) error.stack = stack;
	return error;
}
