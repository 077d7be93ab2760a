import {InfinisstError} from '../../../core/errors.js';
import type {ModelEventListener} from '../../../core/models/model-event.js';
import type {ModelStore} from '../../../core/models/model-store.js';
import type {WorkerOptions} from './worker-options.js';

export interface WorkerModel {
	readonly name: string;
	/** Absolute. */
	readonly graphsDirectory: string;
}

/**
 * Makes the model of a worker ready to run. Nobody watches a worker, so a missing model is fetched only where that
 * was asked for.
 *
 * @throws {InfinisstError} `MODEL_UNKNOWN`; `MODEL_UNAVAILABLE`; what else `pull()` and `ensureGraphs()` throw.
 */
export async function ensureWorkerModel(
	{model, precision, download}: Pick<WorkerOptions, 'model' | 'precision' | 'download'>,
	store: ModelStore,
	events: {readonly onEvent: ModelEventListener; readonly signal: AbortSignal},
): Promise<WorkerModel> {
	const wanted = model ?? store.catalogue.defaultModel;
	const installed = await store.find(wanted);
	if (installed === undefined && !download) {
		await store.resolve(wanted);
		throw new InfinisstError('MODEL_UNAVAILABLE', `The model ${wanted} is not installed`, {
			hint: `Run "infinisst models pull ${wanted}", or add --download.`,
		});
	}

	const {name} = installed ?? (await store.pull(wanted, events));
	return {name, graphsDirectory: await store.ensureGraphs(name, precision, events)};
}
