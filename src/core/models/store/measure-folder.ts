import {readdir, stat} from 'node:fs/promises';
import {join} from 'node:path';

/** Sum of the sizes of all files below a folder. What is gone by the time it is looked at counts nothing. */
export async function measureFolder(directory: string): Promise<number> {
	let sizeBytes = 0;
	for (const path of await readdir(directory, {recursive: true}).catch(() => [])) {
		const found = await stat(join(directory, path)).catch(() => undefined);
		if (found?.isFile()) sizeBytes += found.size;
	}
	return sizeBytes;
}
