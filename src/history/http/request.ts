/** A request as the answers see it. */
export interface HistoryRequest {
	/** Decoded, without the query. */
	readonly path: string;
	readonly query: URLSearchParams;
	/** Browsers do not get to see the values of environment variables; Ray calls this redaction. */
	readonly isBrowser: boolean;
}

/** A request that must be answered with 400 and this message, as the head does. */
export class BadRequestError extends Error {}

/** A request the head answers with its general fault. */
export class UnhandledRequestError extends Error {}

/** An integer as Python reads one. */
export function readInteger(text: string): number {
	const trimmed = text.trim();
	if (!/^[+-]?\d+(_\d+)*$/.test(trimmed)) {
		throw new BadRequestError(`invalid literal for int() with base 10: '${text}'`);
	}

	return Number(trimmed.replaceAll('_', ''));
}

/**
 * The same where it is compared with an integer.
 *
 * @throws {BadRequestError} in other words.
 */
export function readComparedInteger(text: string): number {
	try {
		return readInteger(text);
	} catch {
		throw new BadRequestError(`Failed to convert a value ${text} of type <class 'str'> to <class 'int'>`);
	}
}

/** @throws {BadRequestError} for what is neither true nor false. */
export function readBoolean(text: string): boolean {
	if (['False', 'false', '0'].includes(text)) return false;
	if (['True', 'true', '1'].includes(text)) return true;
	throw new BadRequestError(`Failed to convert a value ${text} of type <class 'str'> to <class 'bool'>`);
}
