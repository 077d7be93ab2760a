import {readFile} from 'node:fs/promises';
import {join} from 'node:path';

import {InfinisstError} from '../../core/errors.js';
import {isMissing} from '../../core/models/store/file-system-fault.js';

/** What the file says that names the page in use. */
export interface InstalledDashboard {
	/** Of Ray. */
	readonly version: string;
	/** Absolute. */
	readonly directory: string;
	/** For people: where it came from. */
	readonly origin: string;
}

/** Names the page in use, so that one exchange of a file changes it. */
const CURRENT_FILE = 'current.json';

export function currentFilePath(dashboardsDirectory: string): string {
	return join(dashboardsDirectory, CURRENT_FILE);
}

export function describeCurrent(version: string, folder: string, origin: string): string {
	return `${JSON.stringify({version, folder, origin}, undefined, '\t')}\n`;
}

/**
 * The page that was installed last; undefined before there is one.
 *
 * @throws {InfinisstError} `INPUT_UNREADABLE` when the file that names it was damaged.
 */
export async function findInstalledDashboard(
	dashboardsDirectory: string,
): Promise<InstalledDashboard | undefined> {
	const path = currentFilePath(dashboardsDirectory);
	try {
		const {version, folder, origin} = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
		if (typeof version === 'string' && typeof origin === 'string' && isFolderName(folder)) {
			return {version, origin, directory: join(dashboardsDirectory, folder)};
		}
	} catch (error) {
		if (isMissing(error)) return undefined;
		if (!(error instanceof SyntaxError)) throw error;
	}

	throw new InfinisstError('INPUT_UNREADABLE', `${path} does not name a page of Ray's dashboard`, {
		hint: 'Run "infinisst history dashboard install" again.',
	});
}

function isFolderName(value: unknown): value is string {
	return typeof value === 'string' && /^ray-[\w.-]+$/.test(value) && !value.includes('..');
}
