import {availableParallelism} from 'node:os';
import {speechCapabilities, toTextModelOptions} from '../../core/engine/chain/model-abilities.js';
import {chainReplicaModule} from '../../core/engine/chain/chain-replica-module.js';
import type {RouterEvent} from '../../core/engine/router/router-event.js';
import {openRouter, type Router} from '../../core/engine/router/router.js';
import {openChildReplica} from '../../core/engine/transport/child-replica.js';
import {openThreadReplica} from '../../core/engine/transport/thread-replica.js';
import {InfinisstError} from '../../core/errors.js';
import {formatBytes} from '../../core/models/format-bytes.js';
import type {InstalledModel, ModelStore, ModelSummary} from '../../core/models/model-store.js';
import {joinCombination, splitCombination} from '../../core/models/store/combination.js';
import {DEFAULT_PRECISION, PRECISIONS, type Precision} from '../../core/models/precision.js';
import type {Clock} from '../../core/util/clock.js';
import type {ServerSettings} from '../server-settings.js';
import type {TextModelOptions} from '../../core/translation/text/open-text-translator.js';
import {combineFacts} from './combine-models.js';
import {describeLoad} from './describe-load.js';
import type {ModelFacts, PreparedModel} from './model-facts.js';
import type {LoadOptions, ModelLoader, StartOptions} from './model-shelf.js';

export interface StoreModelLoaderParts {
	readonly store: ModelStore;
	readonly settings: () => ServerSettings;
	readonly clock: Clock;
	readonly onEvent: (event: RouterEvent, model: string) => void;
	readonly onLog: (line: string, model: string) => void;
}

/** Loads the models of this machine, each behind a router over processes (or threads) of its own. */
export class StoreModelLoader implements ModelLoader {
	readonly #parts: StoreModelLoaderParts;

	constructor(parts: StoreModelLoaderParts) {
		this.#parts = parts;
	}

	/**
	 * Those of the settings in their order, the catalogue's default, then the others. Models of texts are listed as they
	 * are used: behind the first one that hears.
	 */
	async list(): Promise<readonly ModelFacts[]> {
		const {store, settings} = this.#parts;
		const preferred = [...settings().models, store.catalogue.defaultModel];
		const rankOf = ({name}: ModelFacts): number => {
			const rank = preferred.indexOf(name);
			return rank === -1 ? preferred.length : rank;
		};
		const summaries = await store.list();
		const hearing = summaries
			.filter(hears)
			.map(describeSummary)
			.sort((a, b) => rankOf(a) - rankOf(b));
		const [first] = hearing;
		const translating = summaries.filter(summary => !hears(summary));
		const combined = first === undefined ? [] : translating.map(text => describeCombination(first, [text]));
		const named = preferred.flatMap(name => describeNamed(name, summaries) ?? []);
		const all = [...hearing, ...combined, ...named];
		const known = new Map(all.map(facts => [facts.name, facts]));
		return [...known.values()].sort((a, b) => rankOf(a) - rankOf(b));
	}

	async describe(name: string): Promise<ModelFacts | undefined> {
		const summaries = await this.#parts.store.list();
		return (
			describeNamed(name, summaries) ??
			summaries
				.filter(hears)
				.map(describeSummary)
				.find(facts => facts.name === name)
		);
	}

	async resolve(words: string): Promise<string> {
		const {store} = this.#parts;
		const parts = await Promise.all(splitCombination(words).map(part => store.resolve(part)));
		return joinCombination(parts.map(({name}) => name));
	}

	async prepare(words: string, options: LoadOptions): Promise<PreparedModel> {
		const [hearing = words, ...others] = splitCombination(words);
		const {graphsDirectory, model} = await this.#preparePart(hearing, options);
		if (!hears(model)) {
			throw new InfinisstError('OPTION_INVALID', `${model.name} translates text and does not hear`, {
				hint: `Put a model that hears before it, such as ${joinCombination([this.#parts.store.catalogue.defaultModel, model.name])}.`,
			});
		}
		const texts: TextModelOptions[] = [];
		for (const part of others) {
			const text = await this.#preparePart(part, options);
			const {maxLlmCacheTokens: maxCacheTokens, contextSentences} = this.#parts.settings();
			texts.push({
				...toTextModelOptions(text.model, text.graphsDirectory),
				maxCacheTokens,
				contextSentences,
			});
		}
		return {graphsDirectory, texts};
	}

	async #preparePart(
		words: string,
		{onProgress, signal}: LoadOptions,
	): Promise<{readonly graphsDirectory: string; readonly model: InstalledModel}> {
		const {store, settings} = this.#parts;
		const {download, precision} = settings();
		const reference = await store.resolve(words);
		const sizeBytes = reference.kind === 'catalogue' ? reference.entry.downloadBytes : 0;
		const describe = describeLoad(sizeBytes);
		const options = {
			signal,
			onEvent: (event: Parameters<typeof describe>[0]) => {
				const progress = describe(event);
				if (progress !== undefined) onProgress(progress);
			},
		};
		const installed = await store.find(words);
		if (installed === undefined && !download && reference.kind !== 'folder') {
			const size = sizeBytes > 0 ? ` (${formatBytes(sizeBytes)})` : '';
			throw new InfinisstError('MODEL_UNAVAILABLE', `The model ${words} is not installed`, {
				hint: `Run "infinisst models pull ${words}"${size} where the server runs, or let it fetch models.`,
			});
		}

		// Also makes sure that all its files are there.
		const model = await store.pull(words, options);
		const graphsDirectory = await store.ensureGraphs(model.name, resolvePrecision(precision), options);
		return {graphsDirectory, model};
	}

	async start(
		name: string,
		{graphsDirectory, texts}: PreparedModel,
		{onProgress, signal, engineSettings, onFailed}: StartOptions,
	): Promise<Router> {
		const {settings, clock, onEvent, onLog} = this.#parts;
		const {workers, threadsPerWorker, transport} = settings();
		onProgress({activity: `Starting ${name}`, fraction: undefined});
		return openRouter({
			id: name,
			replicas: workers === 0 ? availableParallelism() : workers,
			clock,
			signal,
			batchSettings: engineSettings.batching,
			settings: {
				loadBalanceStrategy: engineSettings.loadBalanceStrategy,
				// The host lets sessions in: what it has let in need not wait again.
				maxSessions: Infinity,
				maxQueued: Infinity,
			},
			onEvent: event => {
				onEvent(event, name);
				if (event.type === 'router-failed') onFailed(event.cause);
			},
			startReplica: start => {
				const id = `${name}/${start.id}`;
				const module = chainReplicaModule({
					graphsDirectory,
					texts: texts.map(text => ({...text, threads: threadsPerWorker})),
					id,
					model: name,
					threads: threadsPerWorker,
				});
				return transport === 'thread'
					? openThreadReplica(module, {id, signal: start.signal})
					: openChildReplica(module, {
							id,
							signal: start.signal,
							clock,
							onLog: line => onLog(`${start.id}: ${line}`, name),
						});
			},
		});
	}
}

function hears({family}: Pick<ModelSummary, 'family'>): boolean {
	return family === 'whisper';
}

function describeSummary({name, sizeBytes, isInstalled, languages, tasks}: ModelSummary): ModelFacts {
	return {
		name,
		parts: [{name, sizeBytes, isInstalled}],
		sizeBytes,
		isInstalled,
		sourceLanguages: languages,
		targets: speechCapabilities({name, languages, tasks}).targets,
	};
}

/** Undefined for what is no combination, or of models that are not known. */
function describeNamed(name: string, summaries: readonly ModelSummary[]): ModelFacts | undefined {
	const parts = splitCombination(name).map(part => summaries.find(summary => summary.name === part));
	const [first, ...texts] = parts;
	if (first === undefined || !hears(first) || texts.length === 0) return undefined;
	const known = texts.filter(text => text !== undefined && !hears(text)) as ModelSummary[];
	return known.length < texts.length ? undefined : describeCombination(describeSummary(first), known);
}

function describeCombination(hearing: ModelFacts, texts: readonly ModelSummary[]): ModelFacts {
	const translating = texts.map(({name, sizeBytes, isInstalled, languages, targets = []}): ModelFacts => {
		// English that the one writes the other reads; else it must read what is spoken (see `routeTarget()`).
		const readsEnglish = hearing.targets.includes('en') && languages.includes('en');
		return {
			name,
			parts: [{name, sizeBytes, isInstalled}],
			sizeBytes,
			isInstalled,
			sourceLanguages: readsEnglish ? hearing.sourceLanguages : languages,
			targets,
		};
	});
	return combineFacts([hearing, ...translating]);
}

/** @throws {InfinisstError} `OPTION_INVALID`. */
function resolvePrecision(text: string): Precision {
	if (text === 'auto') return DEFAULT_PRECISION;
	const precision = PRECISIONS.find(known => known === text);
	if (precision !== undefined) return precision;
	throw new InfinisstError('OPTION_INVALID', `There is no precision "${text}"`, {
		hint: `Choose auto, or one of ${PRECISIONS.join(', ')}.`,
	});
}
