import {InfinisstError} from '../core/errors.js';
import type {SpeechModelAbilities} from '../core/language/resolve-speech-task.js';
import {formatBytes} from '../core/models/format-bytes.js';
import type {ModelEventListener} from '../core/models/model-event.js';
import type {InstalledModel, ModelStore} from '../core/models/model-store.js';

export interface EnsureInstalledOptions {
	readonly store: ModelStore;
	/** Whether a missing model may be fetched. */
	readonly mayFetch: boolean;
	/** Told what the catalogue knows of a missing model before anything is fetched; may throw. */
	readonly check?: (abilities: SpeechModelAbilities) => Promise<void>;
	readonly onEvent: ModelEventListener;
	readonly signal: AbortSignal;
}

/**
 * Finds a model that is installed, or installs it.
 *
 * @param wanted - a name, or a folder.
 * @throws {InfinisstError} `MODEL_UNKNOWN`; `MODEL_UNAVAILABLE` if it is missing and may not be fetched, or no source
 * delivers it; what else `pull()` throws.
 */
export async function ensureInstalledModel(
	wanted: string,
	{store, mayFetch, check, onEvent, signal}: EnsureInstalledOptions,
): Promise<InstalledModel> {
	const installed = await store.find(wanted);
	if (installed !== undefined) return installed;
	const reference = await store.resolve(wanted);
	if (reference.kind === 'catalogue') await check?.(reference.entry);
	// A folder is on this machine already.
	if (reference.kind !== 'folder' && !mayFetch) {
		const size = reference.kind === 'catalogue' ? ` (${formatBytes(reference.entry.downloadBytes)})` : '';
		throw new InfinisstError('MODEL_UNAVAILABLE', `The model ${wanted} is not installed`, {
			hint: `Run "infinisst models pull ${wanted}"${size}, or add --download.`,
		});
	}

	return store.pull(wanted, {onEvent, signal});
}
