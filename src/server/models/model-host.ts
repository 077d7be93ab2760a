import type {BatchSettings, Engine} from '../../core/engine/engine.js';
import type {LoadBalanceStrategy} from '../../core/engine/router/placement/placements.js';
import type {Router} from '../../core/engine/router/router.js';

/** `needs_download`: the catalogue knows it; `available`: installed, not running; `loaded`: sessions start at once. */
export type ModelState = 'needs_download' | 'available' | 'loading' | 'loaded' | 'failed';

export interface HostedModel {
	readonly name: string;
	readonly state: ModelState;
	/** Of the weights. */
	readonly sizeBytes: number;
	/** Codes. */
	readonly sourceLanguages: readonly string[];
	/** Codes of languages, and `same` for captions. */
	readonly targets: readonly string[];
	/** While it is loading, for people, such as `Fetching whisper-base: 45 %`. */
	readonly activity: string | undefined;
	/** 0..1 while it is fetched. */
	readonly fraction: number | undefined;
	/** Why it could not be loaded. */
	readonly failure: unknown;
}

export interface LanguagePair {
	/** Codes. */
	readonly source: string;
	/** A code, or `same`. */
	readonly target: string;
	/** The best of the models that can do it. */
	readonly state: 'loaded' | 'available' | 'needs_download';
	readonly model: string;
	/** What must be fetched first; 0 if nothing. */
	readonly downloadBytes: number;
}

export interface ModelRequest {
	/** A code, or `auto`. */
	readonly sourceLanguage: string;
	readonly targets: readonly string[];
	readonly model?: string;
}

/** How the sessions of each model share its replicas. */
export interface EngineSettings {
	readonly batching: BatchSettings;
	readonly loadBalanceStrategy: LoadBalanceStrategy;
}

export interface EngineSettingsChange {
	/** `minBatchSize`, where it is not named, follows a smaller `maxBatchSize`. */
	readonly batching?: Partial<BatchSettings>;
	readonly loadBalanceStrategy?: LoadBalanceStrategy;
}

/** The models of a server: each is started once, for all its sessions, behind a router over child processes. */
export interface ModelHost {
	models(): readonly HostedModel[];
	pairs(): readonly LanguagePair[];
	/**
	 * The model a request goes to: a loaded one before an installed one before one to fetch.
	 *
	 * @throws {InfinisstError} `LANGUAGE_PAIR_UNSUPPORTED`, naming what is possible; `MODEL_UNKNOWN`.
	 */
	choose(request: ModelRequest): HostedModel;
	/**
	 * Fetches and starts a model, once for all who ask at a time; resolves at once if it is loaded.
	 *
	 * @param signal - gives up waiting; the loading goes on for the others.
	 * @throws {InfinisstError} what `ModelStore.pull()`, `ensureGraphs()` and `openRouter()` throw; `signal.reason`.
	 */
	load(name: string, signal?: AbortSignal): Promise<Engine>;
	/**
	 * Makes a model's graphs ready to run without starting it for sessions: recordings are translated by processes of
	 * their own. Fetches and builds as {@link load} does.
	 *
	 * @returns their folder, absolute.
	 * @throws {InfinisstError} what `ModelStore.pull()` and `ensureGraphs()` throw; `signal.reason`.
	 */
	graphs(name: string, signal?: AbortSignal): Promise<string>;
	/** Told whenever a model's state, activity or fraction changed. @returns ends it. */
	watch(listener: (model: HostedModel) => void): () => void;
	/** Those that are loaded, by the model's name. */
	routers(): ReadonlyMap<string, Router>;
	/** Of now: at first those of the server's settings. */
	readonly engineSettings: EngineSettings;
	/**
	 * Takes effect at once on the models that are loaded, and on those that are loaded later.
	 *
	 * @throws {InfinisstError} `OPTION_INVALID`: then nothing has changed.
	 */
	configure(change: EngineSettingsChange): Promise<EngineSettings>;
	close(): Promise<void>;
	destroy(reason?: unknown): Promise<void>;
}
