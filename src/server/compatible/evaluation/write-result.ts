import {constants} from 'node:fs';
import {lstat, mkdir, open, realpath} from 'node:fs/promises';
import {join} from 'node:path';

import {InfinisstError} from '../../../core/errors.js';

const MAX_PATH_CHARACTERS = 500;
/** Of names that are made; file systems take 255 bytes. */
const MAX_NAME_CHARACTERS = 60;

/** No separator of Windows, no drive or stream, no percent sign, nothing hidden, no `..`; whatever letters people use. */
const PLAIN_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}\p{M} _.,=+@>()-]*$/u;

/**
 * Writes a file into the folder of results, replacing one that is there.
 *
 * @param path - within the folder, parted by `/`; folders on the way are made.
 * @returns the absolute path.
 * @throws {InfinisstError} `OPTION_INVALID` for anything that leads out of the folder, also over a symbolic link;
 * `OUTPUT_UNWRITABLE`.
 */
export async function writeResult(folder: string, path: string, content: string): Promise<string> {
	const names = splitPath(path);
	const fileName = names.pop()!;
	try {
		await mkdir(folder, {recursive: true});
		let parent = await realpath(folder);
		for (const name of names) {
			parent = join(parent, name);
			await enterFolder(parent, path);
		}
		const file = join(parent, fileName);
		await writeFile(file, content, path);
		return file;
	} catch (error) {
		if (InfinisstError.is(error)) throw error;
		throw new InfinisstError(
			'OUTPUT_UNWRITABLE',
			'The results could not be written to the folder of results',
			{
				hint: 'Check that the server may write there and that there is room.',
				cause: error,
			},
		);
	}
}

/** A name for files, made of what a session is called. */
export function fileNameOf(text: string): string {
	const name = Array.from(text.replaceAll(/[^\p{L}\p{N}_.-]+/gu, '_'))
		.slice(0, MAX_NAME_CHARACTERS)
		.join('');
	return name.replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '') || 'session';
}

function splitPath(path: string): string[] {
	const names = path.split('/');
	const isPlain = names.every(name => PLAIN_NAME.test(name) && !/[. ]$/.test(name));
	if (path.length <= MAX_PATH_CHARACTERS && isPlain) return names;
	throw refusePath('filepath must name a file inside the folder of results');
}

async function enterFolder(folder: string, path: string): Promise<void> {
	await mkdir(folder).catch((error: unknown) => {
		if (!isFault(error, 'EEXIST')) throw error;
	});
	// A link may lead anywhere.
	if (!(await lstat(folder)).isDirectory()) throw refusePath(`A part of filepath is no folder: ${path}`);
}

async function writeFile(file: string, content: string, path: string): Promise<void> {
	// O_NONBLOCK: a pipe that nobody reads must not hold us up.
	const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
	const handle = await open(file, flags, 0o644).catch((error: unknown) => {
		const isNoFile = ['ELOOP', 'EISDIR', 'ENXIO'].some(code => isFault(error, code));
		throw isNoFile ? refusePath(`filepath is there already and is no plain file: ${path}`) : error;
	});
	try {
		if (!(await handle.stat()).isFile()) throw refusePath(`filepath is no plain file: ${path}`);
		await handle.truncate();
		await handle.writeFile(content);
	} finally {
		await handle.close();
	}
}

function isFault(error: unknown, code: string): boolean {
	return error instanceof Error && 'code' in error && error.code === code;
}

function refusePath(message: string): InfinisstError {
	return new InfinisstError('OPTION_INVALID', message, {
		hint: 'Give a plain relative path such as run-1/instances.log, or leave it out.',
	});
}
