import {statfs} from 'node:fs/promises';
import {InfinisstError} from '../../errors.js';
import {formatBytes} from '../format-bytes.js';

/** Answers how many bytes an ordinary user may still write below an existing directory. */
export type FreeBytes = (directory: string) => Promise<number>;

export const freeBytesOnDisk: FreeBytes = async directory => {
	const {bavail, bsize} = await statfs(directory);
	return bavail * bsize;
};

/**
 * Refuses to begin what cannot be finished.
 *
 * @param directory - exists; what is written goes below it.
 * @param neededBytes - what is still to be written.
 * @throws {InfinisstError} `DISK_FULL`, naming what is needed and what is free.
 */
export async function assertDiskSpace(
	directory: string,
	neededBytes: number,
	purpose: string,
	freeBytes: FreeBytes = freeBytesOnDisk,
): Promise<void> {
	const free = await freeBytes(directory);
	if (free >= neededBytes) return;
	throw new InfinisstError(
		'DISK_FULL',
		`${purpose} needs ${formatBytes(neededBytes)} and ${directory} has ${formatBytes(free)} free.`,
		{hint: 'Free some space, or set INFINISST_HOME to a folder on a larger disk.'},
	);
}
