import {availableParallelism} from 'node:os';
import type {RouterEvent} from '../../core/engine/router/router-event.js';
import {openRouter, type Router} from '../../core/engine/router/router.js';
import {openChildReplica} from '../../core/engine/transport/child-replica.js';
import {openThreadReplica} from '../../core/engine/transport/thread-replica.js';
import {whisperReplicaModule} from '../../core/engine/whisper-replica-module.js';
import {InfinisstError} from '../../core/errors.js';
import {formatBytes} from '../../core/models/format-bytes.js';
import type {ModelStore, ModelSummary} from '../../core/models/model-store.js';
import {DEFAULT_PRECISION, PRECISIONS, type Precision} from '../../core/models/precision.js';
import type {Clock} from '../../core/util/clock.js';
import type {ServerSettings} from '../server-settings.js';
import {describeLoad} from './describe-load.js';
import type {ModelFacts} from './model-facts.js';
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

	/** Those of the settings in their order, the catalogue's default, then the others. */
	async list(): Promise<readonly ModelFacts[]> {
		const {store, settings} = this.#parts;
		const preferred = [...settings().models, store.catalogue.defaultModel];
		const rankOf = ({name}: ModelSummary): number => {
			const rank = preferred.indexOf(name);
			return rank === -1 ? preferred.length : rank;
		};
		return (await store.list()).sort((a, b) => rankOf(a) - rankOf(b)).map(describeSummary);
	}

	async resolve(words: string): Promise<string> {
		return (await this.#parts.store.resolve(words)).name;
	}

	async prepare(words: string, {onProgress, signal}: LoadOptions): Promise<string> {
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
		const {name} = await store.pull(words, options);
		return store.ensureGraphs(name, resolvePrecision(precision), options);
	}

	async start(
		name: string,
		graphsDirectory: string,
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
				const module = whisperReplicaModule({
					graphsDirectory,
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

function describeSummary({name, sizeBytes, isInstalled, languages, tasks}: ModelSummary): ModelFacts {
	return {
		name,
		sizeBytes,
		isInstalled,
		sourceLanguages: languages,
		targets: tasks.map(task => (task === 'transcribe' ? 'same' : 'en')),
	};
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
