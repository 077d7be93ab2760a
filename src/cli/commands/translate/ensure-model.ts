import {InfinisstError} from '../../../core/errors.js';
import {
	resolveSpeechTask,
	type SpeechModelAbilities,
	type SpeechTask,
} from '../../../core/language/resolve-speech-task.js';
import {formatBytes} from '../../../core/models/format-bytes.js';
import type {ModelEventListener} from '../../../core/models/model-event.js';
import type {InstalledModel, ModelStore} from '../../../core/models/model-store.js';
import type {TranslateOptions} from './translate-options.js';

export interface ReadyModel {
	readonly name: string;
	/** One for each language wanted; no two alike. */
	readonly tasks: readonly SpeechTask[];
	/** Absolute. */
	readonly graphsDirectory: string;
}

export interface EnsureModelContext {
	readonly store: ModelStore;
	/** True if somebody watches who would see a download. */
	readonly isWatched: boolean;
	readonly onEvent: ModelEventListener;
	readonly signal: AbortSignal;
}

/**
 * Makes the model ready to run, if it can do what is wanted: that is asked first, before anything is
 * fetched or built. A missing model is fetched with `--download`, and without it if somebody is watching.
 *
 * @throws {InfinisstError} `LANGUAGE_PAIR_UNSUPPORTED`; `MODEL_UNKNOWN`; `MODEL_UNAVAILABLE` if it is missing
 * and may not be fetched, or no source delivers it; what else `pull()` and `ensureGraphs()` throw.
 */
export async function ensureModel(
	options: Pick<TranslateOptions, 'model' | 'precision' | 'languages' | 'download'>,
	{store, isWatched, onEvent, signal}: EnsureModelContext,
): Promise<ReadyModel> {
	const wanted = options.model ?? store.catalogue.defaultModel;
	const installed = await store.find(wanted);
	const model = installed ?? (await fetchModel());
	const tasks = resolveSpeechTasks(options.languages, model);
	const graphsDirectory = await store.ensureGraphs(model.name, options.precision, {onEvent, signal});
	return {name: model.name, tasks, graphsDirectory};

	async function fetchModel(): Promise<InstalledModel> {
		const reference = await store.resolve(wanted);
		const abilities: SpeechModelAbilities | undefined =
			reference.kind === 'catalogue' ? reference.entry : undefined;
		if (abilities !== undefined) resolveSpeechTasks(options.languages, abilities);
		// A folder is on this machine already.
		if (reference.kind !== 'folder' && !(options.download ?? isWatched)) {
			const size = reference.kind === 'catalogue' ? ` (${formatBytes(reference.entry.downloadBytes)})` : '';
			throw new InfinisstError('MODEL_UNAVAILABLE', `The model ${wanted} is not installed`, {
				hint: `Run "infinisst models pull ${wanted}"${size}, or add --download.`,
			});
		}

		return store.pull(wanted, {onEvent, signal});
	}
}

/** English captions of English are wanted once, whatever they are called. */
function resolveSpeechTasks(
	languages: TranslateOptions['languages'],
	abilities: SpeechModelAbilities,
): SpeechTask[] {
	const tasks = new Map<string, SpeechTask>();
	for (const request of languages) {
		const task = resolveSpeechTask(request, abilities);
		tasks.set(task.targetLanguage, task);
	}

	return [...tasks.values()];
}
