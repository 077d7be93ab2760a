import {InfinisstError} from '../../errors.js';

/**
 * Refuses a relative path from outside that could leave the folder it is joined to, on any system:
 * absolute, with `..`, a drive letter, a backslash or a NUL.
 *
 * @param place - where the path was read, for the message.
 * @throws {InfinisstError} `MODEL_CORRUPT`.
 */
export function assertSafeRelativePath(path: string, place: string): void {
	if (!isSafeRelativePath(path)) {
		throw new InfinisstError(
			'MODEL_CORRUPT',
			`${place} names the file ${JSON.stringify(path)}, which could lie outside the folder of the model.`,
			{hint: 'Do not use this file; get it again from somebody you trust.'},
		);
	}
}

/** False for what `assertSafeRelativePath()` refuses. */
export function isSafeRelativePath(path: string): boolean {
	const parts = path.split('/');
	return !/[\\:\0]/.test(path) && parts.every(part => part !== '' && part !== '.' && part !== '..');
}

/** Names under which models lie in the store: no separators, no leading dot, at most 200 characters. */
export function isModelName(name: string): boolean {
	return /^[A-Za-z0-9][A-Za-z0-9._@-]{0,199}$/.test(name) && !name.includes('..');
}
