import {InfinisstError} from '../../core/errors.js';
import {hashToken} from '../../core/util/hash-token.js';
import type {ApiKey} from '../server-settings.js';

/**
 * Sixteen hexadecimal digits of it name the key in logs and limits: the same however keys are ordered, and of no use
 * to open anything.
 *
 * @param key - as its user sends it. A hash without salt or rounds is enough for keys that nobody chose by taste.
 * @param place - where it was given, for the message.
 * @throws {InfinisstError} `OPTION_INVALID` for a key that cannot be sent in a header. The key is not in the message.
 */
export function hashApiKey(key: string, place: string): ApiKey {
	if (!/^[\x21-\x2B\x2D-\x7E]+$/.test(key)) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`${place} holds a key that is empty or has spaces, commas or other than ASCII characters`,
			{hint: 'Make one with "openssl rand -hex 24", for example.'},
		);
	}

	const sha256 = hashToken(key);
	return {id: `key-${sha256.slice(0, 16)}`, sha256};
}
