import {createHash} from 'node:crypto';
import {createReadStream, createWriteStream} from 'node:fs';
import {rename, rm} from 'node:fs/promises';
import {dirname, join, resolve} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {pack, type Pack} from 'tar-stream';
import {InfinisstError} from '../../errors.js';
import type {ModelFile} from '../model-file.js';
import type {InstalledModel, StoreCallOptions, StoreSettings} from '../model-store.js';
import {BUNDLE_MANIFEST_NAME, BUNDLE_SOURCE_PREFIX} from './bundle-format.js';
import {assertDiskSpace} from './disk-space.js';
import {isMissing, wrapWriteFault} from './file-system-fault.js';
import {requireInstalled} from './installed-models.js';
import type {ModelManifest} from './model-manifest.js';

/** See {@link ModelStore.exportTo}. */
export async function exportModel(
	settings: StoreSettings,
	name: string,
	file: string,
	{signal, onEvent}: StoreCallOptions,
): Promise<{sizeBytes: number}> {
	const model = await requireInstalled(settings, name);
	const folder = dirname(resolve(file));
	const partial = `${file}.partial`;
	try {
		await assertDiskSpace(folder, model.sizeBytes, `Exporting ${name}`, settings.freeBytes);
		const archive = pack();
		const output = createWriteStream(partial, {flush: true});
		// Both at once: the archive waits until the disk has taken what it gave.
		const written = pipeline(archive, output, {...(signal && {signal})});
		const filled = fillArchive(archive, model, signal, onEvent).catch((error: unknown) => {
			archive.destroy(error instanceof Error ? error : new Error(String(error)));
			throw error;
		});
		const faults = (await Promise.allSettled([filled, written])).flatMap(result =>
			result.status === 'rejected' ? [result.reason as unknown] : [],
		);
		signal?.throwIfAborted();
		// When the disk is full, the other side only sees its reader go.
		if (faults.length > 0) throw faults.find(isSystemFault) ?? faults[0];
		await rename(partial, file);
		return {sizeBytes: output.bytesWritten};
	} catch (error) {
		await rm(partial, {force: true}).catch(() => undefined);
		if (isMissing(error)) {
			throw new InfinisstError('OUTPUT_UNWRITABLE', `There is no folder ${folder}.`, {
				hint: 'Make it first, or write the bundle elsewhere.',
				cause: error,
			});
		}
		throw wrapWriteFault(error, folder);
	}
}

function isSystemFault(error: unknown): boolean {
	return error instanceof Error && 'syscall' in error;
}

async function fillArchive(
	archive: Pack,
	model: InstalledModel,
	signal: AbortSignal | undefined,
	onEvent: StoreCallOptions['onEvent'],
): Promise<void> {
	const {sourceDirectory, sizeBytes: totalBytes, ...manifest} = model;
	await addManifest(archive, manifest);
	let writtenBytes = 0;
	for (const file of model.files) {
		await addFile(archive, sourceDirectory, file, model.name, signal, blockBytes => {
			writtenBytes += blockBytes;
			onEvent?.({
				type: 'file-progressed',
				model: model.name,
				file: file.path,
				receivedBytes: writtenBytes,
				totalBytes,
			});
		});
	}
	archive.finalize();
}

async function addManifest(archive: Pack, manifest: ModelManifest): Promise<void> {
	const text = `${JSON.stringify(manifest, undefined, '\t')}\n`;
	await new Promise<void>((resolve, reject) => {
		archive.entry({name: BUNDLE_MANIFEST_NAME, mode: 0o644}, text, error =>
			error ? reject(error) : resolve(),
		);
	});
}

async function addFile(
	archive: Pack,
	sourceDirectory: string,
	{path, sizeBytes, sha256}: ModelFile,
	name: string,
	signal: AbortSignal | undefined,
	onBlock: (blockBytes: number) => void,
): Promise<void> {
	const hash = createHash('sha256');
	const entry = archive.entry({name: BUNDLE_SOURCE_PREFIX + path, size: sizeBytes, mode: 0o644});
	try {
		await pipeline(
			createReadStream(join(sourceDirectory, path), {highWaterMark: 1 << 20}),
			async function* (blocks: AsyncIterable<Buffer>) {
				let readBytes = 0;
				for await (const block of blocks) {
					hash.update(block);
					readBytes += block.length;
					// The archive has promised a size and would wait for ever.
					if (readBytes > sizeBytes) throw damaged(name, path);
					yield block;
					onBlock(block.length);
				}
				if (readBytes < sizeBytes) throw damaged(name, path);
			},
			entry,
			{...(signal && {signal})},
		);
	} catch (error) {
		throw isMissing(error) ? damaged(name, path) : error;
	}
	if (hash.digest('hex') !== sha256) throw damaged(name, path);
}

function damaged(name: string, path: string): InfinisstError {
	return new InfinisstError('MODEL_CORRUPT', `${path} of the installed model "${name}" is damaged.`, {
		hint: `Remove the model with "infinisst models rm ${name}" and pull it again before exporting it.`,
	});
}
