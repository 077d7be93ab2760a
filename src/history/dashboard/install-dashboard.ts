import {createHash} from 'node:crypto';
import {mkdir, open, readFile, rename, rm} from 'node:fs/promises';
import {dirname, join} from 'node:path';

import {InfinisstError} from '../../core/errors.js';
import type {Environment} from '../../core/models/sources/pip.js';
import {wrapWriteFault} from '../../core/models/store/file-system-fault.js';
import {withProcessLock} from '../../core/models/store/process-lock.js';
import type {DashboardSource} from './dashboard-source.js';
import {fetchWheel, PINNED_WHEEL} from './fetch-wheel.js';
import {currentFilePath, describeCurrent, type InstalledDashboard} from './installed-dashboard.js';
import {openInstalledRaySource} from './installed-ray-source.js';
import type {PageFile} from './wheel-record.js';
import {openWheelSource} from './wheel-source.js';

/** Long enough for another process to fetch a wheel. */
const LOCK_WAIT_MS = 600_000;

export interface InstallDashboardOptions {
	/** Holds one folder for each version; made if it is not there. */
	readonly dashboardsDirectory: string;
	/** A wheel that is here already. */
	readonly wheel?: string | undefined;
	/** Of Ray. @default that of an installed Ray, else the one the answers were measured against */
	readonly version?: string | undefined;
	/** For Python and pip: their search path and settings. */
	readonly environment: Environment;
	readonly signal?: AbortSignal | undefined;
	/** Called when a wheel is about to be fetched. */
	readonly onFetch?: ((version: string) => void) | undefined;
	/** Bytes of the wheel that are here so far. */
	readonly onProgress?: ((receivedBytes: number) => void) | undefined;
}

/**
 * Takes the page of Ray's dashboard out of a package of Ray, checks each file against the package's list of
 * hashes, and makes it the one in use. At every moment either the former page is in use or the new one,
 * whole; former ones stay, as a server may be reading them.
 *
 * @throws {InfinisstError} `INPUT_UNREADABLE` for a package that holds no page, or a damaged one;
 * `PROGRAM_MISSING` without pip; `DOWNLOAD_FAILED` (retryable); `DISK_FULL`; `OUTPUT_UNWRITABLE`;
 * `MODEL_LOCKED` (retryable) while another process installs one.
 */
export async function installDashboard(options: InstallDashboardOptions): Promise<InstalledDashboard> {
	const {dashboardsDirectory, signal} = options;
	const workDirectory = join(dashboardsDirectory, '.work');
	try {
		await mkdir(dashboardsDirectory, {recursive: true});
		const lock = {subject: "Ray's dashboard", waitMs: LOCK_WAIT_MS, signal};
		return await withProcessLock(join(dashboardsDirectory, '.lock'), lock, async () => {
			// What a run left that was killed.
			await rm(workDirectory, {recursive: true, force: true});
			await mkdir(workDirectory);
			try {
				return await install(options, workDirectory);
			} finally {
				await rm(workDirectory, {recursive: true, force: true});
			}
		});
	} catch (error) {
		throw wrapWriteFault(error, dashboardsDirectory);
	}
}

async function install(options: InstallDashboardOptions, workDirectory: string): Promise<InstalledDashboard> {
	const {dashboardsDirectory, signal} = options;
	const source = await openSource(options, workDirectory);
	try {
		const {version, files, description} = source;
		const folder = `ray-${version}-${hashOf(files)}`;
		const directory = join(dashboardsDirectory, folder);
		if (!(await isWhole(directory, files))) {
			const partial = join(workDirectory, 'page');
			for (const file of files) {
				signal?.throwIfAborted();
				await writeWhole(join(partial, file.path), await readChecked(source, file));
			}

			await rm(directory, {recursive: true, force: true});
			await rename(partial, directory);
		}

		const current = join(workDirectory, 'current.json');
		await writeWhole(current, describeCurrent(version, folder, description));
		await rename(current, currentFilePath(dashboardsDirectory));
		return {version, directory, origin: description};
	} finally {
		source.close();
	}
}

async function openSource(
	{wheel, version, environment, signal, onFetch, onProgress}: InstallDashboardOptions,
	workDirectory: string,
): Promise<DashboardSource> {
	if (wheel !== undefined) return openWheelSource(wheel);
	const installed = await openInstalledRaySource(environment, signal);
	const wanted = version ?? installed?.version ?? PINNED_WHEEL.version;
	if (installed?.version === wanted) return installed;
	onFetch?.(wanted);
	return openWheelSource(await fetchWheel({version: wanted, workDirectory, environment, signal, onProgress}));
}

/** Two packages may have the same version and not the same page. */
function hashOf(files: readonly PageFile[]): string {
	const hash = createHash('sha256');
	for (const {path, sha256} of files) hash.update(`${path}\0${sha256}\n`);
	return hash.digest('hex').slice(0, 12);
}

async function isWhole(directory: string, files: readonly PageFile[]): Promise<boolean> {
	for (const {path, sha256} of files) {
		const bytes = await readFile(join(directory, path)).catch(() => undefined);
		if (bytes === undefined || hash256(bytes) !== sha256) return false;
	}

	return true;
}

async function readChecked(source: DashboardSource, file: PageFile): Promise<Buffer> {
	const bytes = await source.read(file).catch((error: unknown) => {
		throw damaged(source, file, error);
	});
	if (hash256(bytes) !== file.sha256) throw damaged(source, file);
	return bytes;
}

function damaged({description}: DashboardSource, {path}: PageFile, cause?: unknown): InfinisstError {
	return new InfinisstError(
		'INPUT_UNREADABLE',
		`${path} of ${description} is not what the package's own list says`,
		{
			hint: 'Fetch the package again; nothing was changed.',
			cause,
		},
	);
}

function hash256(bytes: Buffer): string {
	return createHash('sha256').update(bytes).digest('base64url');
}

/** On the disk before it returns: a rename after it may not come first. */
async function writeWhole(path: string, content: Buffer | string): Promise<void> {
	await mkdir(dirname(path), {recursive: true});
	const file = await open(path, 'w');
	try {
		await file.writeFile(content);
		await file.sync();
	} finally {
		await file.close();
	}
}
