import {tmpdir} from 'node:os';
import {createScriptedEngine, type ScriptedEngineOptions} from '../../core/engine/testing/scripted-engine.js';
import {openRouter, type Router} from '../../core/engine/router/router.js';
import type {Replica, StartReplica} from '../../core/engine/router/replica-source.js';
import {InfinisstError} from '../../core/errors.js';
import {systemClock, type Clock} from '../../core/util/clock.js';
import {createDeferred, type Deferred} from '../../core/util/deferred.js';
import {closestNames} from '../../core/util/closest-names.js';
import type {ModelFacts, PreparedModel} from '../models/model-facts.js';
import type {EngineSettings, ModelHost} from '../models/model-host.js';
import {ModelShelf, type LoadOptions, type ModelLoader, type StartOptions} from '../models/model-shelf.js';
import {DEFAULT_SERVER_SETTINGS} from '../default-server-settings.js';
import {createIdleEngine} from './idle-engine.js';

export interface ScriptedModel {
	readonly name: string;
	/** Loaded from the beginning. Without, each load waits for `finishLoading()` or `failLoading()`. @default true */
	readonly isLoaded?: boolean;
	/** @default true */
	readonly isInstalled?: boolean;
	/** @default en and de */
	readonly sourceLanguages?: readonly string[];
	/** @default same, en and de */
	readonly targets?: readonly string[];
}

export interface ScriptedModelHostOptions {
	/** Those preferred first. @default one, `scripted`, that is loaded */
	readonly models?: readonly ScriptedModel[];
	/** Of each replica; `maxSessions` is how many it takes. */
	readonly engine?: ScriptedEngineOptions;
	/** Of each model. @default 1 */
	readonly replicas?: number;
	/** How a replica is started. @default a scripted engine in this thread */
	readonly startReplica?: StartReplica;
	/** @default those of the default settings */
	readonly engineSettings?: EngineSettings;
	/** @default the system's */
	readonly clock?: Clock;
}

export interface ScriptedModelHost extends ModelHost {
	/** What who waits for a model is told; waits until it is being loaded. */
	showProgress(model: string, activity: string, fraction?: number): Promise<void>;
	/** Waits until it is being loaded, then until it is. */
	finishLoading(model: string): Promise<void>;
	/** Waits until it is being loaded, then until that has failed; it may be loaded again. */
	failLoading(model: string, error: unknown): Promise<void>;
	/** Ends a model's router as if none of its replicas could be kept running. */
	failRouter(model: string, cause: unknown): Promise<void>;
}

/** A model host without models: scripted engines behind real routers, loaded when a test says so. */
export async function openScriptedModelHost(
	options: ScriptedModelHostOptions = {},
): Promise<ScriptedModelHost> {
	const {models = [{name: 'scripted'}], engineSettings = DEFAULT_SERVER_SETTINGS} = options;
	const loader = new ScriptedLoader(models, options);
	const {batching, loadBalanceStrategy} = engineSettings;
	const shelf = new ModelShelf(loader, {batching, loadBalanceStrategy});
	await shelf.refresh();
	await Promise.all(models.filter(({isLoaded = true}) => isLoaded).map(({name}) => shelf.load(name)));
	loader.isHolding = true;
	const settle = async (model: string, go: (load: WaitingLoad) => void): Promise<void> => {
		const load = await loader.waiting(model);
		const done = createDeferred();
		const stop = shelf.watch(({name, state}) => {
			if (name === model && state !== 'loading') done.resolve();
		});
		go(load);
		await done.promise;
		stop();
	};
	return Object.assign(shelf, {
		showProgress: async (model: string, activity: string, fraction?: number) => {
			(await loader.waiting(model)).options.onProgress({activity, fraction});
		},
		finishLoading: (model: string) => settle(model, ({go}) => go.resolve()),
		failLoading: (model: string, error: unknown) => settle(model, ({go}) => go.reject(error)),
		failRouter: async (model: string, cause: unknown) => {
			const router = shelf.routers().get(model);
			loader.started.get(model)?.onFailed(cause);
			await router?.destroy(cause);
		},
	});
}

/** A model host over an engine that does nothing (see `createIdleEngine`), to measure what is around it. */
export function openIdleModelHost(): Promise<ScriptedModelHost> {
	return openScriptedModelHost({
		models: [{name: 'idle'}],
		startReplica: ({id}) => Promise.resolve<Replica>(createIdleEngine(id)),
	});
}

interface WaitingLoad {
	readonly go: Deferred<void>;
	readonly options: LoadOptions;
}

class ScriptedLoader implements ModelLoader {
	isHolding = false;
	readonly started = new Map<string, StartOptions>();
	readonly #models: readonly ScriptedModel[];
	readonly #options: ScriptedModelHostOptions;
	readonly #waiting = new Map<string, Deferred<WaitingLoad>>();
	readonly #installed = new Set<string>();

	constructor(models: readonly ScriptedModel[], options: ScriptedModelHostOptions) {
		this.#models = models;
		this.#options = options;
		for (const {name, isInstalled = true} of models) if (isInstalled) this.#installed.add(name);
	}

	/** The load that was begun, or the next. */
	waiting(model: string): Promise<WaitingLoad> {
		return this.#next(model).promise;
	}

	list(): Promise<readonly ModelFacts[]> {
		return Promise.resolve(
			this.#models.map(({name, sourceLanguages = ['en', 'de'], targets = ['same', 'en', 'de']}) => {
				const part = {name, sizeBytes: 1_000_000, isInstalled: this.#installed.has(name)};
				return {...part, parts: [part], sourceLanguages, targets};
			}),
		);
	}

	async describe(name: string): Promise<ModelFacts | undefined> {
		return (await this.list()).find(facts => facts.name === name);
	}

	resolve(words: string): Promise<string> {
		const names = this.#models.map(({name}) => name);
		if (names.includes(words)) return Promise.resolve(words);
		const [closest = names.join(', ')] = closestNames(words, names);
		return Promise.reject(
			new InfinisstError('MODEL_UNKNOWN', `No model "${words}" is known; did you mean ${closest}?`),
		);
	}

	async prepare(name: string, options: LoadOptions): Promise<PreparedModel> {
		if (this.isHolding) {
			const go = createDeferred();
			this.#next(name).resolve({go, options});
			const abort = (): void => go.reject(options.signal.reason);
			options.signal.addEventListener('abort', abort, {once: true});
			try {
				await go.promise;
			} finally {
				options.signal.removeEventListener('abort', abort);
				this.#waiting.delete(name);
			}
		}
		this.#installed.add(name);
		return {graphsDirectory: tmpdir(), texts: []};
	}

	start(name: string, _prepared: PreparedModel, options: StartOptions): Promise<Router> {
		const {engine, replicas = 1, clock = systemClock, startReplica} = this.#options;
		this.started.set(name, options);
		const {batching, loadBalanceStrategy} = options.engineSettings;
		return openRouter({
			id: name,
			replicas,
			clock,
			signal: options.signal,
			batchSettings: batching,
			settings: {loadBalanceStrategy, maxSessions: Infinity, maxQueued: Infinity},
			startReplica:
				startReplica ??
				(({id}) => Promise.resolve(createScriptedEngine({clock, ...engine, id: `${name}/${id}`}))),
		});
	}

	#next(model: string): Deferred<WaitingLoad> {
		const waiting = this.#waiting.get(model) ?? createDeferred<WaitingLoad>();
		this.#waiting.set(model, waiting);
		return waiting;
	}
}
