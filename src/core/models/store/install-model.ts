import {mkdir, rename, rm} from 'node:fs/promises';
import type {InstalledModel, StoreCallOptions} from '../model-store.js';
import type {FetchedModel} from '../sources/model-source.js';
import {hashFileList} from './hash-file.js';
import {toInstalledModel} from './installed-models.js';
import type {ModelDirectory} from './model-directory.js';
import {writeModelManifest, type ModelDescription, type ModelManifest} from './model-manifest.js';

/**
 * Moves verified files to where an installed model has them. The manifest is written last: until then the
 * model is not installed, whatever happens. Call it under the lock of the model.
 */
export async function installModel(
	place: ModelDirectory,
	{name, family, languages, targets, tasks, licence}: ModelDescription,
	{directory, files, origin}: FetchedModel,
	{onEvent}: StoreCallOptions,
): Promise<InstalledModel> {
	const manifest: ModelManifest = {
		formatVersion: 1,
		name,
		family,
		languages,
		...(targets !== undefined && {targets}),
		tasks,
		licence,
		origin,
		files,
		contentHash: hashFileList(files),
		installedAt: new Date().toISOString(),
	};
	await mkdir(place.root, {recursive: true});
	await rm(place.manifest, {force: true});
	await rm(place.source, {recursive: true, force: true});
	await rename(directory, place.source);
	await writeModelManifest(place.manifest, manifest);
	await rm(place.work, {recursive: true, force: true});
	const model = toInstalledModel(manifest, place.source);
	onEvent?.({
		type: 'model-installed',
		model: name,
		sizeBytes: model.sizeBytes,
		directory: place.source,
	});
	return model;
}
