import {changeBatchSettings, DEFAULT_BATCH_SETTINGS} from '../../engine/batch-settings.js';
import type {BatchSettings} from '../../engine/engine.js';
import {InfinisstError} from '../../errors.js';
import {systemClock, type Clock} from '../../util/clock.js';
import {WorkSchedule} from '../decoding/work-schedule.js';
import type {Device} from '../onnx-session.js';
import {createWhisperModel} from './create-whisper-model.js';
import {HeardStore} from './heard-store.js';
import type {WhisperBackend} from './whisper-backend.js';
import {openWhisperDecoder} from './whisper-decoder.js';
import {openWhisperEncoder} from './whisper-encoder.js';
import type {WhisperDescription} from './whisper-description.js';
import type {WhisperModel} from './whisper-model.js';

export interface InlineWhisperModelOptions {
	/** As `buildWhisperGraphs` made it. */
	readonly graphsDirectory: string;
	/**
	 * Threads that share one operator. @default 1: as many models as cores do more than one model with as many threads
	 */
	readonly threads?: number;
	/** @default 'auto' */
	readonly device?: Device;
	/** @default `DEFAULT_BATCH_SETTINGS` for what is absent */
	readonly settings?: Partial<BatchSettings>;
	readonly clock?: Clock;
}

/**
 * Loads a model into the calling thread, which is blocked whenever the model works, some tens of milliseconds at a time:
 * for threads and processes that do nothing else. Between two pieces of work the event loop has its turn.
 *
 * Results are those of `openWhisperModel`, to the last bit.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if a file is missing or damaged; `DEVICE_UNAVAILABLE`; `OPTION_INVALID` for
 * settings out of range.
 */
export async function openInlineWhisperModel({
	graphsDirectory,
	threads = 1,
	device = 'auto',
	settings = {},
	clock = systemClock,
}: InlineWhisperModelOptions): Promise<WhisperModel> {
	const schedule = new WorkSchedule(changeBatchSettings(DEFAULT_BATCH_SETTINGS, settings), clock);
	const open = async (description: WhisperDescription): Promise<WhisperBackend> => {
		const options = {threads, device, clock};
		const encoder = await openWhisperEncoder(graphsDirectory, description.dimensions, options);
		try {
			const decoder = await openWhisperDecoder(graphsDirectory, description, {...options, schedule});
			return createBackend({encoder, decoder, schedule});
		} catch (error) {
			await encoder.close();
			throw error;
		}
	};
	return createWhisperModel(graphsDirectory, open);
}

interface BackendParts {
	readonly encoder: Awaited<ReturnType<typeof openWhisperEncoder>>;
	readonly decoder: Awaited<ReturnType<typeof openWhisperDecoder>>;
	readonly schedule: WorkSchedule;
}

function createBackend({encoder, decoder, schedule}: BackendParts): WhisperBackend {
	const store = new HeardStore();
	return {
		hear: (id, samples, silenceMs, options) =>
			schedule.encode(async () => {
				const encoded = await encoder.encode(samples, silenceMs);
				options.signal?.throwIfAborted();
				const prepared = await decoder.prepare(encoded);
				// Nobody would give back what was given up meanwhile.
				options.signal?.throwIfAborted();
				store.add(id, prepared);
			}, options),
		detectLanguage: async (id, options) => decoder.detectLanguage(store.take(id, true), options),
		search: async (id, request, {keep = false, ...options}) =>
			decoder.search(store.take(id, keep), request, options),
		searchLive: async (id, request, {keep = false, ...options}) =>
			decoder.searchLive(store.take(id, keep), request, options),
		release: id => store.release(id),
		configure: settings => {
			schedule.configure(settings);
			return Promise.resolve();
		},
		statistics: () =>
			Promise.resolve({
				...decoder.statistics(),
				encodeMs: encoder.encodeMs(),
				encodeWaitMs: schedule.encodeWaitMs,
			}),
		close: async () => {
			await schedule.close(new InfinisstError('RESOURCE_CLOSED', 'The model was closed'));
			await Promise.all([encoder.close(), decoder.close()]);
		},
	};
}
