import type {Catalogue, CatalogueEntry, ModelFamily} from './catalogue/catalogue.js';
import {CATALOGUE} from './catalogue/catalogue.js';
import type {ModelEventListener} from './model-event.js';
import type {Precision} from './precision.js';
import type {HubSettings} from './sources/hub-source.js';
import type {Environment} from './sources/pip.js';
import {buildGraphs, listGraphs, type BuiltGraphs} from './store/build-graphs.js';
import type {FreeBytes} from './store/disk-space.js';
import {GRAPH_BUILDERS, type GraphBuilder} from './store/graph-builders.js';
import type {ModelDescription, ModelManifest} from './store/model-manifest.js';
import {findInstalled, installedNames, requireInstalled} from './store/installed-models.js';
import {pullModel} from './store/pull-model.js';
import {removeModel, type RemovedModel} from './store/remove-model.js';
import {resolveReference, type ModelReference} from './store/resolve-reference.js';
import {verifyModel, type VerificationReport} from './store/verify-model.js';

export interface ModelStoreOptions {
	/** Everything the store keeps lies below it; made when first written to. */
	readonly rootDirectory: string;
	/** Folders a user names are looked for from here. @default the folder the program runs in */
	readonly workingDirectory?: string;
	/** Hub, token, proxies and time-outs. */
	readonly hub?: HubSettings;
	/** Variables for programs the store starts (pip): their search path and settings. */
	readonly environment?: Environment;
	/** Replaces what builds graphs, for tests. */
	readonly graphBuilders?: Readonly<Record<ModelFamily, GraphBuilder>>;
	/** @default the catalogue that comes with the program */
	readonly catalogue?: Catalogue;
	/** Replaces the question to the disk, for tests. */
	readonly freeBytes?: FreeBytes;
	/**
	 * How long to wait for another process that fetches or builds the same model.
	 *
	 * @default 3600000, an hour: a large model over a slow line
	 */
	readonly lockWaitMs?: number;
}

/** What the parts of the store work with: {@link ModelStoreOptions} with the defaults filled in. */
export interface StoreSettings {
	readonly rootDirectory: string;
	readonly workingDirectory: string;
	readonly hub: HubSettings;
	readonly environment: Environment;
	readonly graphBuilders: Readonly<Record<ModelFamily, GraphBuilder>>;
	readonly catalogue: Catalogue;
	readonly freeBytes: FreeBytes | undefined;
	readonly lockWaitMs: number;
}

export interface StoreCallOptions {
	/** Fires to stop; the call then rejects with `signal.reason`. Unfinished downloads are kept for later. */
	readonly signal?: AbortSignal | undefined;
	readonly onEvent?: ModelEventListener | undefined;
}

/** A model whose weights lie in the store, verified when they came. */
export interface InstalledModel extends ModelManifest {
	/** Absolute. Holds `files` and nothing else. */
	readonly sourceDirectory: string;
	/** Sum over `files`. */
	readonly sizeBytes: number;
}

/** A line of `models list`. */
export interface ModelSummary extends ModelDescription {
	readonly isInstalled: boolean;
	/** Of the weights: exact if installed, else about what its first source sends. */
	readonly sizeBytes: number;
	/** Undefined for models that are not of the catalogue. */
	readonly description: string | undefined;
	/** Precisions whose graphs are ready to run. */
	readonly precisions: readonly Precision[];
}

/** Models on this machine, and the ways to get them there. All methods may be called at the same time. */
export interface ModelStore {
	readonly rootDirectory: string;
	readonly catalogue: Catalogue;

	/** The catalogue's models in its order, then other installed ones by name. */
	list(): Promise<ModelSummary[]>;

	/** The installed model of this name; undefined if there is none. */
	get(name: string): Promise<InstalledModel | undefined>;

	/**
	 * Says what a user's words mean: a catalogue name, an installed name, a repository `owner/name[@revision]`
	 * on the hub, or a folder.
	 *
	 * @throws {InfinisstError} `MODEL_UNKNOWN`, naming the closest name there is.
	 */
	resolve(nameOrPath: string): Promise<ModelReference>;

	/**
	 * The installed model that a user's words mean; undefined if it must be pulled first. Reads two small
	 * files and fetches nothing.
	 *
	 * @throws {InfinisstError} `MODEL_UNKNOWN`.
	 */
	find(nameOrPath: string): Promise<InstalledModel | undefined>;

	/**
	 * Makes a model installed: fetches it from the first source that delivers, or imports it if it is a
	 * folder. Returns at once if it is installed and its files have their sizes.
	 *
	 * @throws {InfinisstError} `MODEL_UNKNOWN`; `MODEL_UNAVAILABLE` (retryable) if no source delivers;
	 * `MODEL_LOCKED` (retryable), `DISK_FULL`, `OUTPUT_UNWRITABLE`; for a single repository or folder also
	 * `MODEL_UNSUPPORTED`, `MODEL_CORRUPT` and `DOWNLOAD_FAILED` (retryable).
	 */
	pull(nameOrPath: string, options?: StoreCallOptions): Promise<InstalledModel>;

	/**
	 * Makes the graphs of an installed model ready to run.
	 *
	 * @returns their folder, absolute. It is never changed once it exists.
	 * @throws {InfinisstError} `MODEL_UNAVAILABLE` if the model is not installed; `MODEL_UNSUPPORTED`,
	 * `MODEL_CORRUPT`, `MODEL_LOCKED` (retryable), `DISK_FULL`, `OUTPUT_UNWRITABLE`.
	 */
	ensureGraphs(name: string, precision: Precision, options?: StoreCallOptions): Promise<string>;

	/** Graphs of an installed model that are ready to run. */
	graphs(name: string): Promise<BuiltGraphs[]>;

	/**
	 * Deletes weights, graphs and unfinished downloads of a model.
	 *
	 * @throws {InfinisstError} `MODEL_UNKNOWN` if there is nothing of this name, naming the closest one;
	 * `MODEL_LOCKED` (retryable).
	 */
	remove(name: string, options?: Pick<StoreCallOptions, 'signal'>): Promise<RemovedModel>;

	/**
	 * Reads every byte of an installed model and compares.
	 *
	 * @throws {InfinisstError} `MODEL_UNKNOWN` if it is not installed.
	 */
	verify(name: string, options?: Pick<StoreCallOptions, 'signal'>): Promise<VerificationReport>;

	/**
	 * Installs a model from a folder of weights or from a bundle (a file, or the folder it was unpacked to).
	 *
	 * @throws {InfinisstError} `INPUT_UNREADABLE`, `MODEL_CORRUPT`, `MODEL_UNSUPPORTED`; `OPTION_INVALID` if
	 * another model has the name; `MODEL_LOCKED` (retryable), `DISK_FULL`, `OUTPUT_UNWRITABLE`.
	 */
	importFrom(
		path: string,
		options?: StoreCallOptions & {readonly name?: string | undefined},
	): Promise<InstalledModel>;

	/**
	 * Writes the weights of an installed model into one file that `importFrom` reads on another machine.
	 * Whoever reads `file` sees all of it or nothing.
	 *
	 * @throws {InfinisstError} `MODEL_UNKNOWN`, `MODEL_CORRUPT` if the installed files are damaged,
	 * `DISK_FULL`, `OUTPUT_UNWRITABLE`.
	 */
	exportTo(name: string, file: string, options?: StoreCallOptions): Promise<{readonly sizeBytes: number}>;
}

/** Touches no file and no network until a method is called. */
export function openModelStore(options: ModelStoreOptions): ModelStore {
	const settings: StoreSettings = {
		rootDirectory: options.rootDirectory,
		workingDirectory: options.workingDirectory ?? '.',
		hub: {freeBytes: options.freeBytes, ...options.hub},
		environment: options.environment ?? {},
		graphBuilders: options.graphBuilders ?? GRAPH_BUILDERS,
		catalogue: options.catalogue ?? CATALOGUE,
		freeBytes: options.freeBytes,
		lockWaitMs: options.lockWaitMs ?? 3_600_000,
	};
	const {catalogue, rootDirectory} = settings;
	return {
		rootDirectory,
		catalogue,
		list: () => listModels(settings),
		get: name => findInstalled(settings, name),
		resolve: nameOrPath => resolveReference(settings, nameOrPath),
		async find(nameOrPath) {
			return findInstalled(settings, (await resolveReference(settings, nameOrPath)).name);
		},
		async pull(nameOrPath, callOptions = {}) {
			return pullModel(settings, await resolveReference(settings, nameOrPath), callOptions);
		},
		async ensureGraphs(name, precision, callOptions = {}) {
			return buildGraphs(settings, await requireInstalled(settings, name), precision, callOptions);
		},
		graphs: name => listGraphs(settings, name),
		remove: (name, callOptions = {}) => removeModel(settings, name, callOptions),
		verify: (name, callOptions = {}) => verifyModel(settings, name, callOptions),
		async importFrom(path, callOptions = {}) {
			const {importModel} = await import('./store/import-model.js');
			return importModel(settings, path, callOptions);
		},
		async exportTo(name, file, callOptions = {}) {
			const {exportModel} = await import('./store/export-model.js');
			return exportModel(settings, name, file, callOptions);
		},
	};
}

async function listModels(settings: StoreSettings): Promise<ModelSummary[]> {
	const installed = await installedNames(settings.rootDirectory);
	const known = new Map(settings.catalogue.models.map(entry => [entry.name, entry]));
	const names = [...known.keys(), ...installed.filter(name => !known.has(name))];
	const summaries = await Promise.all(names.map(name => summarize(settings, name, known.get(name))));
	return summaries.filter(summary => summary !== undefined);
}

/** Undefined if the model was removed since it was listed. */
async function summarize(
	settings: StoreSettings,
	name: string,
	entry: CatalogueEntry | undefined,
): Promise<ModelSummary | undefined> {
	const model = await findInstalled(settings, name);
	const facts = model ?? entry;
	if (facts === undefined) return undefined;
	return {
		name,
		family: facts.family,
		languages: facts.languages,
		...(facts.targets !== undefined && {targets: facts.targets}),
		tasks: facts.tasks,
		licence: facts.licence,
		description: entry?.description,
		isInstalled: model !== undefined,
		sizeBytes: model?.sizeBytes ?? entry?.downloadBytes ?? 0,
		precisions: model ? (await listGraphs(settings, name)).map(graphs => graphs.precision) : [],
	};
}
