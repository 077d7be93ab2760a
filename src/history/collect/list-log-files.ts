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
 */
export async function listLogFiles(folder: string): Promise<readonly DiskFile[]> {
	const files: DiskFile[] = [];
	await addFiles(folder, '', MAX_DEPTH, files);
	return files;
}

async function addFiles(folder: string, within: string, depth: number, files: DiskFile[]): Promise<void> {
	const entries = await readdir(join(folder, within), {withFileTypes: true}).catch(() => []);
	for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
		const path = within === '' ? entry.name : `${within}/${entry.name}`;
		if (entry.isDirectory() && depth > 0) await addFiles(folder, path, depth - 1, files);
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
