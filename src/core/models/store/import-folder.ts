import {constants} from 'node:fs';
import {copyFile, mkdir, open, stat} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import type {ModelFile} from '../model-file.js';
import type {StoreCallOptions, StoreSettings} from '../model-store.js';
import type {FetchedModel} from '../sources/model-source.js';
import {assertDiskSpace} from './disk-space.js';
import {isMissing} from './file-system-fault.js';
import {hashFile} from './hash-file.js';

/**
 * Copies files of a folder, sharing their blocks where the file system can. The hashes are those of the
 * copies, so what is installed is what was hashed, whatever happens to the folder meanwhile.
 *
 * @throws {InfinisstError} `INPUT_UNREADABLE` if a file is not there; `DISK_FULL`.
 */
export async function copyFolder(
	settings: StoreSettings,
	folder: string,
	paths: readonly string[],
	workDirectory: string,
	{signal, onEvent}: StoreCallOptions,
): Promise<FetchedModel> {
	const directory = join(workDirectory, 'files');
	await mkdir(directory);
	const sizes = await Promise.all(paths.map(path => sizeOf(join(folder, path))));
	await assertDiskSpace(
		directory,
		sizes.reduce((sum, size) => sum + size, 0),
		`Copying ${folder}`,
		settings.freeBytes,
	);
	const files: ModelFile[] = [];
	for (const path of paths) {
		signal?.throwIfAborted();
		const copy = join(directory, path);
		await mkdir(dirname(copy), {recursive: true});
		await copyFile(join(folder, path), copy, constants.COPYFILE_FICLONE);
		const handle = await open(copy, 'r+');
		await handle.sync().finally(() => handle.close());
		const file = {path, ...(await hashFile(copy, signal))};
		files.push(file);
		onEvent?.({type: 'file-completed', model: folder, file: path, sizeBytes: file.sizeBytes});
	}
	return {directory, files, origin: {kind: 'folder', path: folder}};
}

async function sizeOf(path: string): Promise<number> {
	try {
		return (await stat(path)).size;
	} catch (cause) {
		throw new InfinisstError(
			'INPUT_UNREADABLE',
			isMissing(cause) ? `There is no file ${path}.` : `${path} cannot be read.`,
			{hint: 'Copy the folder again, with all its files.', cause},
		);
	}
}
