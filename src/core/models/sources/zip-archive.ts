import type {Readable} from 'node:stream';
import {openPromise, type Entry} from 'yauzl';

/** A zip file open for reading its members, one after another. */
export interface ZipArchive {
	/** In the order of the archive. */
	readonly members: readonly string[];
	hasMember(member: string): boolean;
	/** The uncompressed bytes of a member that exists. */
	read(member: string): Promise<Readable>;
	/** Idempotent. */
	close(): void;
}

/** Reads the directory of the archive only. The caller closes it. */
export async function openZipArchive(path: string): Promise<ZipArchive> {
	const zip = await openPromise(path, {lazyEntries: true, autoClose: false});
	const entries = new Map<string, Entry>();
	try {
		for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry);
	} catch (error) {
		zip.close();
		throw error;
	}
	return {
		members: [...entries.keys()],
		hasMember: member => entries.has(member),
		read: member => zip.openReadStreamPromise(entries.get(member)!),
		close() {
			if (zip.isOpen) zip.close();
		},
	};
}
