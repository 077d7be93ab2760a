import {createHash, timingSafeEqual} from 'node:crypto';

import type {ApiKey} from '../server-settings.js';

/**
 * The key that opens, if any. Takes as long for a key that is nearly right as for any other: hashes are compared, all
 * of them, each in constant time.
 */
export function findKey(keys: readonly ApiKey[], presented: readonly string[]): ApiKey | undefined {
	let found: ApiKey | undefined;
	for (const text of presented) {
		const hash = createHash('sha256').update(text).digest();
		for (const key of keys) {
			const expected = Buffer.from(key.sha256, 'hex');
			if (expected.length === hash.length && timingSafeEqual(expected, hash)) found ??= key;
		}
	}
	return found;
}
