import type {RouterEvent} from '../../core/engine/router/router-event.js';
import type {ModelStore} from '../../core/models/model-store.js';
import {systemClock, type Clock} from '../../core/util/clock.js';
import type {ServerSettings} from '../server-settings.js';
import type {ModelHost} from './model-host.js';
import {ModelShelf} from './model-shelf.js';
import {StoreModelLoader} from './store-model-loader.js';

export interface ModelHostOptions {
	readonly store: ModelStore;
	/** As they are now; workers, precision and the like are asked for when a model is loaded. */
	readonly settings: () => ServerSettings;
	/** @default the system's */
	readonly clock?: Clock;
	/** What happens to replicas, for logs. Must not throw. */
	readonly onEvent?: (event: RouterEvent, model: string) => void;
	/** Lines that processes of replicas wrote, with the replica's name before them. Must not throw. */
	readonly onLog?: (line: string, model: string) => void;
	/** Gives up opening. */
	readonly signal?: AbortSignal;
}

/**
 * Looks which models there are, and loads those of the settings in the background: `watch()` and `models()` tell how
 * that goes on, also when it fails.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if the store cannot be read; `signal.reason`.
 */
export async function openModelHost(options: ModelHostOptions): Promise<ModelHost> {
	const {store, settings, clock = systemClock, signal} = options;
	const {onEvent = () => undefined, onLog = () => undefined} = options;
	const {batching, loadBalanceStrategy, models} = settings();
	const shelf = new ModelShelf(new StoreModelLoader({store, settings, clock, onEvent, onLog}), {
		batching,
		loadBalanceStrategy,
	});
	signal?.throwIfAborted();
	await shelf.refresh();
	signal?.throwIfAborted();
	for (const model of models) {
		// Who needs it is told why it failed, and may try again.
		shelf.load(model).catch(() => undefined);
	}
	return shelf;
}
