import {InfinisstError} from '../core/errors.js';

/**
 * Reads a text message of a socket.
 *
 * @param hint - what to send instead.
 * @throws {InfinisstError} `OPTION_INVALID`, never with the text.
 */
export function parseJsonMessage(text: string, hint: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		throw new InfinisstError('OPTION_INVALID', 'A text message is no JSON', {hint});
	}
}
