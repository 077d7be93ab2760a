import {randomUUID} from 'node:crypto';
import {mkdir, open, rename, rm, type FileHandle} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';

import {InfinisstError} from '../../../core/errors.js';

/** Where the text of one recording goes, piece by piece. It ends in one of two ways. */
export interface TextSink {
	write(text: string): Promise<void>;
	/** The text is complete. */
	commit(): Promise<void>;
	/**
	 * It will never be complete, also if `commit()` failed. A file does not come into being; what was printed cannot be taken back.
	 *
	 * @param ending - closes the form of what was printed, so that what follows can be told apart.
	 */
	discard(ending: string): Promise<void>;
}

/** @param print - rejects with `signal.reason` once the signal has fired. */
export function createPrintSink(print: (text: string) => Promise<void>, signal: AbortSignal): TextSink {
	let isBegun = false;
	return {
		async write(text) {
			isBegun ||= text !== '';
			await print(text);
		},
		commit: () => Promise.resolve(),
		async discard(ending) {
			if (isBegun && !signal.aborted) await print(ending);
		},
	};
}

/** For runs whose text nobody asked for. */
export const nullSink: TextSink = {
	write: () => Promise.resolve(),
	commit: () => Promise.resolve(),
	discard: () => Promise.resolve(),
};

/**
 * A file that appears under its name when it is complete. Until then it grows beside it under another name.
 *
 * @throws {InfinisstError} `OUTPUT_UNWRITABLE` or `DISK_FULL`, here and from every method.
 */
export async function openFileSink(path: string): Promise<TextSink> {
	const partial = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.partial`);
	const file = await guard(path, async () => {
		await mkdir(dirname(path), {recursive: true});
		return open(partial, 'wx');
	});
	return {
		write: text => guard(path, () => file.writeFile(text)),
		commit: () => guard(path, () => commit(file, partial, path)),
		async discard() {
			await file.close().catch(() => undefined);
			await rm(partial, {force: true}).catch(() => undefined);
		},
	};
}

async function commit(file: FileHandle, partial: string, path: string): Promise<void> {
	try {
		await file.close();
		await rename(partial, path);
	} catch (error) {
		await rm(partial, {force: true}).catch(() => undefined);
		throw error;
	}
}

async function guard<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
	try {
		return await work();
	} catch (error) {
		const {code, message} = error as NodeJS.ErrnoException;
		if (code === 'ENOSPC' || code === 'EDQUOT') {
			throw new InfinisstError('DISK_FULL', `No room left on the disk for "${path}"`, {
				hint: 'Free some space, or name another place with --output.',
				cause: error,
			});
		}

		throw new InfinisstError('OUTPUT_UNWRITABLE', `Cannot write "${path}": ${message}`, {
			hint: 'Name another place with --output.',
			cause: error,
		});
	}
}
