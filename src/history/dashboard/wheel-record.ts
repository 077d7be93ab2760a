import {InfinisstError} from '../../core/errors.js';
import {isSafeRelativePath} from '../../core/models/store/safe-path.js';

/** Where the page lies in Ray's package. */
const BUILD_FOLDER = 'ray/dashboard/client/build/';

/** A file of the page, as the package's own list of files knows it. */
export interface PageFile {
	/** Within the package. */
	readonly member: string;
	/** Within the page's folder. */
	readonly path: string;
	/** Base64url without padding, as a RECORD has it. */
	readonly sha256: string;
	readonly sizeBytes: number;
}

/** Larger files than this no page has; a page is some 3 MB. */
const MAX_FILE_BYTES = 32 * 1024 * 1024;

/**
 * Files of the dashboard's page in the RECORD of a package: what a browser loads, so without source maps,
 * which are 7 of its 9 MB.
 *
 * @param place - what the RECORD is of, for messages.
 * @throws {InfinisstError} `INPUT_UNREADABLE` when it holds no page, or files that are none of one.
 */
export function readPageFiles(record: string, place: string): readonly PageFile[] {
	const files = record.split(/\r?\n/).flatMap((line): readonly PageFile[] => {
		const [, member, sha256, size] = /^"?([^"]+?)"?,sha256=([\w-]+),(\d+)$/.exec(line) ?? [];
		if (member?.startsWith(BUILD_FOLDER) !== true || member.endsWith('.map')) return [];
		const path = member.slice(BUILD_FOLDER.length);
		const sizeBytes = Number(size);
		if (!isSafeRelativePath(path) || sizeBytes > MAX_FILE_BYTES) {
			throw new InfinisstError(
				'INPUT_UNREADABLE',
				`${place} names the file ${JSON.stringify(path)} of ${sizeBytes} bytes, which is none of a page`,
				{hint: 'Do not use this package; get it again from somebody you trust.'},
			);
		}

		return [{member, path, sha256: sha256!, sizeBytes}];
	});
	if (files.some(({path}) => path === 'index.html')) return files;
	throw new InfinisstError('INPUT_UNREADABLE', `${place} holds no page of Ray's dashboard`, {
		hint: 'Give the wheel of Ray 2, or name another version with --ray-version.',
	});
}
