import {basename} from 'node:path';
import {buffer} from 'node:stream/consumers';

import {InfinisstError} from '../../core/errors.js';
import {openZipArchive, type ZipArchive} from '../../core/models/sources/zip-archive.js';
import type {DashboardSource} from './dashboard-source.js';
import {readPageFiles} from './wheel-record.js';

/**
 * A wheel of Ray on the disk, for any machine and any Python: the page is the same in all of them.
 *
 * @throws {InfinisstError} `INPUT_UNREADABLE` when it is no wheel of Ray, or holds no page.
 */
export async function openWheelSource(path: string): Promise<DashboardSource> {
	const archive = await openArchive(path);
	try {
		const [record, version] = findRecord(archive, path);
		const files = readPageFiles((await buffer(await archive.read(record))).toString('utf8'), path);
		const absent = files.find(({member}) => !archive.hasMember(member));
		if (absent !== undefined) {
			throw new InfinisstError('INPUT_UNREADABLE', `${path} is without its file ${absent.member}`);
		}

		return {
			version,
			description: `the wheel ${basename(path)}`,
			files,
			read: async ({member}) => buffer(await archive.read(member)),
			close: () => archive.close(),
		};
	} catch (error) {
		archive.close();
		throw error;
	}
}

async function openArchive(path: string): Promise<ZipArchive> {
	try {
		return await openZipArchive(path);
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		throw new InfinisstError('INPUT_UNREADABLE', `Cannot read the wheel ${path}: ${reason}`, {cause: error});
	}
}

function findRecord({members}: ZipArchive, path: string): readonly [member: string, version: string] {
	for (const member of members) {
		const version = /^ray-(\d[\w.]*)\.dist-info\/RECORD$/.exec(member)?.[1];
		if (version !== undefined) return [member, version];
	}

	throw new InfinisstError(
		'INPUT_UNREADABLE',
		`${path} is no wheel of Ray: it has no ray-….dist-info/RECORD`,
		{
			hint: 'Fetch one with "pip download --no-deps ray".',
		},
	);
}
