import {rm, stat} from 'node:fs/promises';
import type {StoreCallOptions, StoreSettings} from '../model-store.js';
import {measureFolder} from './measure-folder.js';
import {installedNames, unknownModel} from './installed-models.js';
import {locateModel} from './model-directory.js';
import {withProcessLock} from './process-lock.js';
import {isModelName} from './safe-path.js';

/** Whoever fetches a model does not stop because somebody wants to delete it, so waiting long is of no use. */
const LOCK_WAIT_MS = 3000;

export interface RemovedModel {
	readonly name: string;
	readonly freedBytes: number;
}

/** See {@link ModelStore.remove}. */
export async function removeModel(
	settings: StoreSettings,
	name: string,
	{signal}: Pick<StoreCallOptions, 'signal'>,
): Promise<RemovedModel> {
	const place = locateModel(settings.rootDirectory, name);
	const found = isModelName(name) ? await stat(place.root).catch(() => undefined) : undefined;
	if (!found?.isDirectory()) {
		throw unknownModel(name, await installedNames(settings.rootDirectory), 'installed');
	}
	const waitMs = Math.min(LOCK_WAIT_MS, settings.lockWaitMs);
	return withProcessLock(place.lock, {subject: `model ${name}`, waitMs, signal}, async () => {
		const freedBytes = await measureFolder(place.root);
		// First what makes it installed: nobody opens a model that is half gone.
		await rm(place.manifest, {force: true});
		await rm(place.root, {recursive: true, force: true});
		return {name, freedBytes};
	});
}
