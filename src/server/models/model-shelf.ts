import {changeBatchSettings} from '../../core/engine/batch-settings.js';
import type {Engine} from '../../core/engine/engine.js';
import type {Router} from '../../core/engine/router/router.js';
import {changeRouterSettings, DEFAULT_ROUTER_SETTINGS} from '../../core/engine/router/router-settings.js';
import {InfinisstError} from '../../core/errors.js';
import {createDeferred} from '../../core/util/deferred.js';
import {chooseModel, listPairs, type ModelCandidate} from './choose-model.js';
import type {LoadProgress, ModelFacts, PreparedModel} from './model-facts.js';
import type {
	EngineSettings,
	EngineSettingsChange,
	HostedModel,
	LanguagePair,
	ModelHost,
	ModelRequest,
	ModelState,
} from './model-host.js';

export interface LoadOptions {
	readonly onProgress: (progress: LoadProgress) => void;
	/** Fires when nobody wants it any more. */
	readonly signal: AbortSignal;
}

/** Where models come from, and how they are started. */
export interface ModelLoader {
	/** All that are known, those preferred first. */
	list(): Promise<readonly ModelFacts[]>;
	/** The name that a user's words mean. @throws {InfinisstError} `MODEL_UNKNOWN`. */
	resolve(words: string): Promise<string>;
	/** Also of what is not on the list, such as a combination that somebody named; undefined before it is known. */
	describe(name: string): Promise<ModelFacts | undefined>;
	/** Makes the graphs ready, fetching the model if need be. */
	prepare(name: string, options: LoadOptions): Promise<PreparedModel>;
	/** Starts a model that was prepared. */
	start(name: string, prepared: PreparedModel, options: StartOptions): Promise<Router>;
}

export interface StartOptions extends LoadOptions {
	readonly engineSettings: EngineSettings;
	/** Told when the router has given up, with the reason. */
	readonly onFailed: (cause: unknown) => void;
}

/** What several callers wait for. */
interface Shared<Value> {
	readonly promise: Promise<Value>;
}

interface Entry {
	facts: ModelFacts;
	router: Router | undefined;
	preparing: Shared<PreparedModel> | undefined;
	loading: Shared<Router> | undefined;
	progress: LoadProgress | undefined;
	failure: {readonly cause: unknown} | undefined;
}

/** The models of a server, whatever they are: who can do what, and each started once. */
export class ModelShelf implements ModelHost {
	readonly #loader: ModelLoader;
	readonly #entries = new Map<string, Entry>();
	readonly #watchers = new Set<(model: HostedModel) => void>();
	readonly #ended = new AbortController();
	#engineSettings: EngineSettings;
	#closing: Promise<void> | undefined;
	#destroying: Promise<void> | undefined;

	constructor(loader: ModelLoader, engineSettings: EngineSettings) {
		this.#loader = loader;
		this.#engineSettings = engineSettings;
	}

	get engineSettings(): EngineSettings {
		return this.#engineSettings;
	}

	async configure({batching = {}, loadBalanceStrategy}: EngineSettingsChange): Promise<EngineSettings> {
		const before = this.#engineSettings;
		const strategy = {loadBalanceStrategy: loadBalanceStrategy ?? before.loadBalanceStrategy};
		changeRouterSettings(DEFAULT_ROUTER_SETTINGS, strategy);
		const now: EngineSettings = {batching: changeBatchSettings(before.batching, batching), ...strategy};
		this.#engineSettings = now;
		await Promise.all([...this.routers().values()].map(router => applySettings(router, now)));
		return now;
	}

	/** Looks again which models there are. */
	async refresh(): Promise<void> {
		const known = await this.#loader.list();
		const old = new Map(this.#entries);
		this.#entries.clear();
		for (const facts of known) {
			const entry = old.get(facts.name);
			old.delete(facts.name);
			if (entry !== undefined) entry.facts = facts;
			this.#entries.set(facts.name, entry ?? newEntry(facts));
		}
		// What was removed from the disk runs on.
		for (const [name, entry] of old) if (isInUse(entry)) this.#entries.set(name, entry);
	}

	models(): readonly HostedModel[] {
		return [...this.#entries.values()].map(describe);
	}

	pairs(): readonly LanguagePair[] {
		return listPairs([...this.#entries.values()].map(describe));
	}

	choose(request: ModelRequest): HostedModel {
		const model = chooseModel([...this.#entries.values()].map(describe), request);
		// A combination that nobody asked for before.
		if (!this.#entries.has(model.name)) this.#entries.set(model.name, newEntry(model));
		return model;
	}

	async load(words: string, signal?: AbortSignal): Promise<Engine> {
		const entry = await this.#find(words, signal);
		if (entry.router !== undefined) return entry.router;
		entry.loading ??= share(this.#load(entry).finally(() => (entry.loading = undefined)));
		return waitFor(entry.loading.promise, signal);
	}

	async graphs(words: string, signal?: AbortSignal): Promise<string> {
		const entry = await this.#find(words, signal);
		return (await waitFor(this.#prepare(entry), signal)).graphsDirectory;
	}

	watch(listener: (model: HostedModel) => void): () => void {
		const own = (model: HostedModel): void => listener(model);
		this.#watchers.add(own);
		return () => void this.#watchers.delete(own);
	}

	routers(): ReadonlyMap<string, Router> {
		return new Map(
			[...this.#entries].flatMap(([name, {router}]) =>
				router === undefined ? [] : [[name, router] as const],
			),
		);
	}

	close(): Promise<void> {
		return (this.#closing ??= this.#end(closedError(), router => router.close()));
	}

	destroy(reason: unknown = closedError()): Promise<void> {
		return (this.#destroying ??= this.#end(reason, router => router.destroy(reason)));
	}

	/** What is being loaded is given up; what is loaded ends in its way. */
	async #end(reason: unknown, endRouter: (router: Router) => Promise<void>): Promise<void> {
		this.#ended.abort(reason);
		await Promise.all(
			[...this.#entries.values()].map(async entry => {
				await Promise.allSettled([entry.loading?.promise, entry.preparing?.promise]);
				const {router} = entry;
				if (router === undefined) return;
				await endRouter(router);
				if (entry.router === router) entry.router = undefined;
				this.#tell(entry);
			}),
		);
	}

	async #find(words: string, signal: AbortSignal | undefined): Promise<Entry> {
		signal?.throwIfAborted();
		this.#assertOpen();
		const known = this.#entries.get(words);
		if (known !== undefined) return known;
		const name = await this.#loader.resolve(words);
		// It may have been installed since, by another program.
		if (!this.#entries.has(name)) await this.refresh();
		signal?.throwIfAborted();
		this.#assertOpen();
		const found = this.#entries.get(name);
		if (found !== undefined) return found;
		const facts = await this.#loader.describe(name);
		const entry = newEntry(facts ?? unknownFacts(words));
		this.#entries.set(entry.facts.name, entry);
		return entry;
	}

	async #load(entry: Entry): Promise<Router> {
		entry.failure = undefined;
		try {
			// Begins in the next turn, when others can see that it is loading.
			await Promise.resolve();
			const prepared = await this.#prepare(entry);
			this.#ended.signal.throwIfAborted();
			const engineSettings = this.#engineSettings;
			const router = await this.#loader.start(entry.facts.name, prepared, {
				...this.#loadOptions(entry),
				engineSettings,
				onFailed: cause => this.#lose(entry, cause),
			});
			if (this.#engineSettings !== engineSettings) await applySettings(router, this.#engineSettings);
			if (this.#ended.signal.aborted) await router.destroy(this.#ended.signal.reason);
			this.#ended.signal.throwIfAborted();
			entry.router = router;
			return router;
		} catch (error) {
			entry.failure = {cause: error};
			throw error;
		} finally {
			entry.progress = undefined;
			entry.loading = undefined;
			this.#tell(entry);
		}
	}

	#prepare(entry: Entry): Promise<PreparedModel> {
		entry.preparing ??= share(
			(async () => {
				try {
					const prepared = await this.#loader.prepare(entry.facts.name, this.#loadOptions(entry));
					await this.#noteInstalled(entry);
					return prepared;
				} catch (error) {
					if (entry.loading === undefined) entry.failure = {cause: error};
					throw error;
				} finally {
					entry.preparing = undefined;
					if (entry.loading === undefined) {
						entry.progress = undefined;
						this.#tell(entry);
					}
				}
			})(),
		);
		return entry.preparing.promise;
	}

	/** It is on the list now, perhaps by another name than it was asked for. */
	async #noteInstalled(entry: Entry): Promise<void> {
		if (entry.facts.isInstalled) return;
		const {name: asked} = entry.facts;
		const name = await this.#loader.resolve(asked);
		const facts = await this.#loader.describe(name);
		if (facts === undefined) return;
		entry.facts = facts;
		this.#entries.delete(asked);
		this.#entries.set(name, entry);
	}

	#loadOptions(entry: Entry): LoadOptions {
		return {
			signal: this.#ended.signal,
			onProgress: progress => {
				if (entry.progress?.activity === progress.activity) return;
				entry.progress = progress;
				this.#tell(entry);
			},
		};
	}

	/** Its router has given up: the next who asks loads it again. */
	#lose(entry: Entry, cause: unknown): void {
		entry.router = undefined;
		entry.failure = {cause};
		this.#tell(entry);
	}

	#tell(entry: Entry): void {
		const model = describe(entry);
		for (const watcher of [...this.#watchers]) watcher(model);
	}

	#assertOpen(): void {
		if (this.#ended.signal.aborted) throw closedError();
	}
}

/** Of a repository or folder that is on no list until it was fetched: what it can is not known before. */
function unknownFacts(name: string): ModelFacts {
	const part = {name, sizeBytes: 0, isInstalled: false};
	return {...part, parts: [part], sourceLanguages: [], targets: []};
}

function newEntry(facts: ModelFacts): Entry {
	return {
		facts,
		router: undefined,
		preparing: undefined,
		loading: undefined,
		progress: undefined,
		failure: undefined,
	};
}

async function applySettings(router: Router, settings: EngineSettings): Promise<void> {
	const {batching, loadBalanceStrategy} = settings;
	router.configureRouter({loadBalanceStrategy});
	await router.configure(batching);
}

function isInUse({router, loading, preparing}: Entry): boolean {
	return router !== undefined || loading !== undefined || preparing !== undefined;
}

function describe({facts, router, loading, preparing, progress, failure}: Entry): ModelCandidate {
	const {name, parts, sizeBytes, isInstalled, sourceLanguages, targets} = facts;
	let state: ModelState = isInstalled ? 'available' : 'needs_download';
	if (failure !== undefined) state = 'failed';
	if (loading !== undefined || preparing !== undefined) state = 'loading';
	if (router !== undefined) state = 'loaded';
	return {
		name,
		parts,
		state,
		sizeBytes,
		isInstalled,
		sourceLanguages,
		targets,
		activity: progress?.activity,
		fraction: progress?.fraction,
		failure: failure?.cause,
	};
}

/** A failure that nobody waits for is seen in the model's state. */
function share<Value>(promise: Promise<Value>): Shared<Value> {
	promise.catch(() => undefined);
	return {promise};
}

/** @throws `signal.reason`. */
async function waitFor<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
	if (signal === undefined) return promise;
	const aborted = createDeferred<never>();
	const abort = (): void => aborted.reject(signal.reason);
	if (signal.aborted) abort();
	signal.addEventListener('abort', abort, {once: true});
	try {
		return await Promise.race([promise, aborted.promise]);
	} finally {
		signal.removeEventListener('abort', abort);
	}
}

function closedError(): InfinisstError {
	return new InfinisstError('RESOURCE_CLOSED', 'The models were closed');
}
