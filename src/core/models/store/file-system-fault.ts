import {InfinisstError} from '../../errors.js';

const FULL_DISK_CODES = new Set(['ENOSPC', 'EDQUOT']);

const FORBIDDEN_CODES = new Set(['EACCES', 'EPERM', 'EROFS']);

/** The system's error code (`ENOSPC`, `ENOENT`), if the error has one. */
export function systemCode(error: unknown): string | undefined {
	return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** True if nothing exists at the path that was touched. */
export function isMissing(error: unknown): boolean {
	const code = systemCode(error);
	return code === 'ENOENT' || code === 'ENOTDIR';
}

/**
 * Turns a fault met while writing below `directory` into ours: a full disk is `DISK_FULL`, a place that
 * cannot be written is `OUTPUT_UNWRITABLE`. Every other error comes back as it is.
 */
export function wrapWriteFault(error: unknown, directory: string): unknown {
	const code = systemCode(error) ?? '';
	if (FULL_DISK_CODES.has(code)) {
		return new InfinisstError('DISK_FULL', `The disk that holds ${directory} is full.`, {
			hint: 'Free some space and run the same command again.',
			cause: error,
		});
	}
	if (FORBIDDEN_CODES.has(code)) {
		return new InfinisstError('OUTPUT_UNWRITABLE', `${directory} cannot be written to.`, {
			hint: 'Check its permissions, or set INFINISST_HOME to a folder you own.',
			cause: error,
		});
	}
	return error;
}
