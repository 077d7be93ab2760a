import {createReadStream, type Dirent} from 'node:fs';
import {readdir, stat} from 'node:fs/promises';
import {join} from 'node:path';
import type {Readable} from 'node:stream';

import {InfinisstError} from '../../core/errors.js';

/** A storage as folders and files, wherever it is. Paths have forward slashes and no leading one. */
export interface StorageTree {
	/** Names; empty where there is no such folder. */
	folders(path: string): Promise<readonly string[]>;
	files(path: string): Promise<readonly string[]>;
	/** Size in bytes, and when it was last written, in milliseconds since 1970. */
	stat(path: string): Promise<{readonly sizeBytes: number; readonly modifiedMs: number}>;
	/** From byte `start` on. */
	read(path: string, start?: number): Readable;
}

/**
 * A folder of this machine. Links are followed only inside it.
 *
 * @throws {InfinisstError} `INPUT_UNREADABLE` when there is no such folder.
 */
export async function openDirectoryTree(root: string): Promise<StorageTree> {
	const isFolder = await stat(root).then(
		entry => entry.isDirectory(),
		() => false,
	);
	if (!isFolder) {
		throw new InfinisstError('INPUT_UNREADABLE', `There is no folder ${root}`, {
			hint: 'Name the folder that holds cluster-history, or s3://bucket/path.',
		});
	}

	const list = async (path: string, wanted: (entry: Dirent) => boolean) => {
		const entries = await readdir(join(root, path), {withFileTypes: true}).catch((): Dirent[] => []);
		return entries
			.filter(wanted)
			.map(({name}) => name)
			.sort();
	};
	return {
		folders: path => list(path, entry => entry.isDirectory()),
		files: path => list(path, entry => entry.isFile()),
		async stat(path) {
			const {size, mtimeMs} = await stat(join(root, path));
			return {sizeBytes: size, modifiedMs: Math.trunc(mtimeMs)};
		},
		read: (path, start = 0) => createReadStream(join(root, path), {start}),
	};
}
