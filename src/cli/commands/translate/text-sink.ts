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

/**
 * A file that grows in its place, for those who read it meanwhile: each text is in it when `write()` resolves. What
 * was there before is gone, and what was written stays, however it ends.
 *
 * @param flag - that named the file, for messages.
 * @throws {InfinisstError} `OUTPUT_UNWRITABLE` or `DISK_FULL`, here and from every method.
 */
export async function openGrowingFileSink(path: string, flag: string): Promise<TextSink> {
	const file = await guard(
		path,
		async () => {
			await mkdir(dirname(path), {recursive: true});
			return open(path, 'w');
		},
		flag,
	);
	const close = (): Promise<void> => guard(path, () => file.close(), flag);
	return {
		write: text => guard(path, () => file.writeFile(text), flag),
		commit: close,
		discard: close,
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

async function guard<Result>(path: string, work: () => Promise<Result>, flag = '--output'): Promise<Result> {
	try {
		return await work();
	} catch (error) {
		const {code, message} = error as NodeJS.ErrnoException;
		if (code === 'ENOSPC' || code === 'EDQUOT') {
			throw new InfinisstError('DISK_FULL', `No room left on the disk for "${path}"`, {
				hint: `Free some space, or name another place with ${flag}.`,
				cause: error,
			});
		}

		throw new InfinisstError('OUTPUT_UNWRITABLE', `Cannot write "${path}": ${message}`, {
			hint: `Name another place with ${flag}.`,
			cause: error,
		});
	}
}
