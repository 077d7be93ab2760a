import {realpath, stat} from 'node:fs/promises';
import {join, sep} from 'node:path';

/** A file that may be served. */
export interface ServedFile {
	/** Real path of the folder, without links. */
	readonly folder: string;
	/** Below the folder. */
	readonly name: string;
}

/**
 * The file of a folder that a path names, or undefined: for what is no file, lies elsewhere (also by a link), is hidden, or
 * is not written as plain names and slashes.
 *
 * @param path - decoded once, relative.
 */
export async function findServedFile(directory: string, path: string): Promise<ServedFile | undefined> {
	const names = path.split('/');
	if (!names.every(isPlainName)) return undefined;
	try {
		const folder = await realpath(directory);
		const file = await realpath(join(folder, ...names));
		if (!file.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return undefined;
		if (!(await stat(file)).isFile()) return undefined;
		return {folder, name: file.slice(folder.length).split(sep).filter(Boolean).join('/')};
	} catch {
		// Not there, a folder that may not be entered, a name that is too long.
		return undefined;
	}
}

/** What could be a separator, a drive, a stream, a parent or a second encoding on any system is none. */
function isPlainName(name: string): boolean {
	// eslint-disable-next-line no-control-regex -- control characters are what is looked for
	return name !== '' && !name.startsWith('.') && !/[\u0000-\u001F\u007F\\/:%]/.test(name);
}
