import type {Dirent} from 'node:fs';
import {lstat, readdir} from 'node:fs/promises';
import {join} from 'node:path';

/** A file as it is on the disk now. */
export interface DiskFile {
	/** Within the log folder, with forward slashes. */
	readonly path: string;
	/** The same as long as it is the same file, whatever its name. */
	readonly identity: string;
	readonly sizeBytes: number;
	readonly modifiedMs: number;
}

/** Ray's own logs lie two folders deep. */
const MAX_DEPTH = 8;

/**
 * All regular files below a folder, by their paths. Links are not followed: they may lead anywhere. What
 * vanishes while it is looked at is left out.
 *
 * @param onFolder - is told of each folder whether it could be read; "" is the folder itself.
 */
export async function listLogFiles(
	folder: string,
	onFolder: (path: string, fault: Error | undefined) => void,
): Promise<readonly DiskFile[]> {
	const files: DiskFile[] = [];
	await addFiles('', MAX_DEPTH);
	return files;

	async function addFiles(within: string, depth: number): Promise<void> {
		for (const entry of await readFolder(within)) {
			const path = within === '' ? entry.name : `${within}/${entry.name}`;
			if (entry.isDirectory() && depth > 0) await addFiles(path, depth - 1);
			if (!entry.isFile()) continue;
			const stats = await lstat(join(folder, path)).catch(() => undefined);
			if (stats?.isFile() !== true) continue;
			files.push({
				path,
				identity: `${stats.dev}:${stats.ino}`,
				sizeBytes: stats.size,
				modifiedMs: stats.mtimeMs,
			});
		}
	}

	async function readFolder(within: string): Promise<readonly Dirent[]> {
		try {
			const entries = await readdir(join(folder, within), {withFileTypes: true});
			onFolder(within, undefined);
			return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onFolder(within, error as Error);
			return [];
		}
	}
}
