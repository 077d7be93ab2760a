import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import type {InstalledModel, StoreSettings} from '../model-store.js';
import {isMissing} from './file-system-fault.js';
import {findClosestName} from './find-closest-name.js';
import {locateModel} from './model-directory.js';
import {readModelManifest, type ModelManifest} from './model-manifest.js';
import {isModelName} from './safe-path.js';

/**
 * Reads the manifest of an installed model; undefined if it is not installed.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if the manifest cannot be read as one.
 */
export async function findInstalled(
	{rootDirectory}: Pick<StoreSettings, 'rootDirectory'>,
	name: string,
): Promise<InstalledModel | undefined> {
	if (!isModelName(name)) return undefined;
	const place = locateModel(rootDirectory, name);
	const manifest = await readModelManifest(place.manifest);
	return manifest && toInstalledModel(manifest, place.source);
}

export function toInstalledModel(manifest: ModelManifest, sourceDirectory: string): InstalledModel {
	return {
		...manifest,
		sourceDirectory,
		sizeBytes: manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0),
	};
}

/** @throws {InfinisstError} `MODEL_UNAVAILABLE` if it could be pulled, `MODEL_UNKNOWN` if not. */
export async function requireInstalled(settings: StoreSettings, name: string): Promise<InstalledModel> {
	const model = await findInstalled(settings, name);
	if (model !== undefined) return model;
	if (settings.catalogue.models.some(entry => entry.name === name)) {
		throw new InfinisstError('MODEL_UNAVAILABLE', `The model "${name}" is not installed.`, {
			hint: `Fetch it with "infinisst models pull ${name}".`,
		});
	}
	throw unknownModel(name, await installedNames(settings.rootDirectory), 'installed');
}

/** Names of the folders of models; sorted, and empty if there is no store yet. */
export async function installedNames(rootDirectory: string): Promise<string[]> {
	try {
		const entries = await readdir(join(rootDirectory, 'models'), {withFileTypes: true});
		return entries
			.filter(entry => entry.isDirectory() && isModelName(entry.name))
			.map(entry => entry.name)
			.sort();
	} catch (error) {
		if (isMissing(error)) return [];
		throw error;
	}
}

/** The error for a name nobody knows, with what was probably meant. */
export function unknownModel(
	name: string,
	known: readonly string[],
	kind: 'installed' | 'known',
): InfinisstError {
	const closest = findClosestName(name, known);
	const sentence = `No model "${name}" is ${kind}`;
	return new InfinisstError(
		'MODEL_UNKNOWN',
		closest === undefined ? `${sentence}.` : `${sentence}; did you mean "${closest}"?`,
		{hint: 'See "infinisst models list".'},
	);
}
