import {constants} from 'node:fs';
import {access, stat} from 'node:fs/promises';
import {delimiter, join} from 'node:path';

/**
 * The path of a program, searched as a shell would, but without one.
 *
 * @param name - without extension: `ffmpeg`.
 * @param environment - `process.env`, or what stands for it.
 * @returns undefined where no folder of `PATH` holds it.
 */
export async function findProgram(
	name: string,
	environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
	const folders = (environment['PATH'] ?? environment['Path'] ?? '')
		.split(delimiter)
		.filter(folder => folder !== '');
	const extensions = (environment['PATHEXT'] ?? '').split(';');
	for (const folder of folders) {
		for (const extension of extensions) {
			const path = join(folder, name + extension.toLowerCase());
			if (await isProgram(path)) return path;
		}
	}
	return undefined;
}

async function isProgram(path: string): Promise<boolean> {
	try {
		await access(path, constants.X_OK);
		return (await stat(path)).isFile();
	} catch {
		return false;
	}
}
