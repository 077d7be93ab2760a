import {createHash} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {mkdir, open} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {extract, type Extract} from 'tar-stream';
import {InfinisstError} from '../../errors.js';
import type {ModelFile} from '../model-file.js';
import type {StoreCallOptions, StoreSettings} from '../model-store.js';
import type {FetchedModel} from '../sources/model-source.js';
import {BUNDLE_MANIFEST_NAME, BUNDLE_SOURCE_PREFIX, MAX_BUNDLE_MANIFEST_BYTES} from './bundle-format.js';
import {assertDiskSpace} from './disk-space.js';
import {systemCode} from './file-system-fault.js';
import {describeOrigin, parseModelManifest, type ModelManifest} from './model-manifest.js';

/**
 * Reads the first entry of a bundle.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if it is no bundle.
 */
export async function readManifestOfBundle(path: string): Promise<ModelManifest> {
	return readEntries(path, undefined, async entries => readManifest(await nextEntry(entries), path));
}

/**
 * Takes the files out of a bundle that its manifest names, and nothing else: an entry that is not named, is
 * no plain file, or has other bytes than it must, ends the import.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT`, `DISK_FULL`.
 */
export async function unpackBundle(
	settings: StoreSettings,
	path: string,
	workDirectory: string,
	{signal, onEvent}: StoreCallOptions,
): Promise<FetchedModel> {
	const directory = join(workDirectory, 'files');
	await mkdir(directory);
	return readEntries(path, signal, async entries => {
		const manifest = await readManifest(await nextEntry(entries), path);
		const totalBytes = manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0);
		await assertDiskSpace(directory, totalBytes, `Importing ${manifest.name}`, settings.freeBytes);

		const missing = new Map(manifest.files.map(file => [BUNDLE_SOURCE_PREFIX + file.path, file]));
		for (;;) {
			const entry = await nextEntry(entries);
			if (entry === undefined) break;
			const {name, type} = entry.header;
			if (type === 'directory') {
				entry.resume();
				continue;
			}
			const file = missing.get(name);
			if (file === undefined || type !== 'file') {
				throw refuse(path, `holds ${JSON.stringify(name)}, which its manifest does not name`);
			}
			missing.delete(name);
			await unpackFile(entry, file, directory, path, signal);
			onEvent?.({type: 'file-completed', model: manifest.name, file: file.path, sizeBytes: file.sizeBytes});
		}
		const [absent] = missing.values();
		if (absent !== undefined) throw refuse(path, `lacks ${absent.path}`);
		return {
			directory,
			files: manifest.files,
			origin: {kind: 'bundle', path, exportedFrom: describeOrigin(manifest.origin)},
		};
	});
}

/** A member of the archive: its header, and its bytes as a stream. */
type Entry = Extract extends AsyncIterable<infer Source> ? Source : never;

type Entries = AsyncIterator<Entry, undefined>;

/** Opens the archive, lets `read` take entries, and closes everything however it ends. */
async function readEntries<Result>(
	path: string,
	signal: AbortSignal | undefined,
	read: (entries: Entries) => Promise<Result>,
): Promise<Result> {
	const file = createReadStream(path, {highWaterMark: 1 << 20});
	const archive = extract();
	// Its fault also ends the iteration below.
	const fed = pipeline(file, archive, {...(signal && {signal})}).catch(() => undefined);
	try {
		return await read(archive[Symbol.asyncIterator]() as Entries);
	} catch (error) {
		signal?.throwIfAborted();
		if (InfinisstError.is(error) || systemCode(error) !== undefined) throw error;
		throw refuse(path, 'is damaged or no tar file', error);
	} finally {
		archive.destroy();
		file.destroy();
		await fed;
	}
}

async function nextEntry(entries: Entries): Promise<Entry | undefined> {
	const next = await entries.next();
	return next.done ? undefined : next.value;
}

async function readManifest(entry: Entry | undefined, path: string): Promise<ModelManifest> {
	if (entry?.header.name !== BUNDLE_MANIFEST_NAME || entry.header.size > MAX_BUNDLE_MANIFEST_BYTES) {
		throw refuse(path, `does not begin with ${BUNDLE_MANIFEST_NAME}`);
	}
	const blocks: Buffer[] = [];
	for await (const block of entry) blocks.push(block as Buffer);
	return parseModelManifest(Buffer.concat(blocks).toString('utf8'), path);
}

async function unpackFile(
	entry: Entry,
	file: ModelFile,
	directory: string,
	bundle: string,
	signal: AbortSignal | undefined,
): Promise<void> {
	if (entry.header.size !== file.sizeBytes) throw refuse(bundle, `holds ${file.path} with another size`);
	// Safe: every path of a manifest was checked when it was parsed.
	const destination = join(directory, file.path);
	await mkdir(dirname(destination), {recursive: true});
	const hash = createHash('sha256');
	const output = await open(destination, 'wx');
	try {
		for await (const block of entry as AsyncIterable<Buffer>) {
			signal?.throwIfAborted();
			hash.update(block);
			await output.appendFile(block);
		}
		await output.sync();
	} finally {
		await output.close();
	}
	if (hash.digest('hex') !== file.sha256) throw refuse(bundle, `holds ${file.path} with other bytes`);
}

function refuse(path: string, problem: string, cause?: unknown): InfinisstError {
	return new InfinisstError('MODEL_CORRUPT', `${path} is no bundle that can be imported: it ${problem}.`, {
		hint: 'Copy it again, or export it again with "infinisst models export".',
		cause,
	});
}
