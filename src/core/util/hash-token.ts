import {createHash} from 'node:crypto';

/** What is kept of a secret, so that nobody who reads it can use it: SHA-256, hex. */
export function hashToken(token: string): string {
	return createHash('sha256').update(token).digest('hex');
}
