import {availableParallelism} from 'node:os';
import {changeBatchSettings, DEFAULT_BATCH_SETTINGS} from '../../engine/batch-settings.js';
import type {BatchSettings} from '../../engine/engine.js';
import type {Device} from '../onnx-session.js';
import {startThread, type ThreadHandle} from '../../util/thread-call.js';
import {createWhisperModel} from './create-whisper-model.js';
import type {LiveSearchResult} from './live-search-request.js';
import type {SearchResult} from './search-request.js';
import type {
	AudioCall,
	ConfigureCall,
	DetectCall,
	EncodeCall,
	LiveSearchCall,
	PrepareCall,
	SearchCall,
	WhisperThreadData,
} from './threads/thread-protocol.js';
import type {WhisperBackend} from './whisper-backend.js';
import type {EncodedAudio} from './whisper-encoder.js';
import type {WhisperModel} from './whisper-model.js';
import type {DecoderStatistics, EncoderStatistics} from './whisper-statistics.js';

export interface WhisperModelOptions {
	/** As `buildWhisperGraphs` made it. */
	readonly graphsDirectory: string;
	/**
	 * Threads that share one operator, for the encoder and for the decoder each; they seldom work at the same time
	 * all along. @default 2, or 1 on a machine with one core
	 */
	readonly threads?: number;
	/** @default 'auto' */
	readonly device?: Device;
	/** @default `DEFAULT_BATCH_SETTINGS` for what is absent */
	readonly settings?: Partial<BatchSettings>;
}

/**
 * Loads a model into two threads, one that listens and one that writes: onnxruntime blocks the thread that
 * calls it, so this is how both cores work and the caller stays free.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if a file is missing or damaged; `DEVICE_UNAVAILABLE`; `OPTION_INVALID` for
 * settings out of range. The decoder's own file is not looked at here: the first call that needs it may throw the same.
 */
export async function openWhisperModel({
	graphsDirectory,
	threads = Math.min(2, availableParallelism()),
	device = 'auto',
	settings = {},
}: WhisperModelOptions): Promise<WhisperModel> {
	const resolved = changeBatchSettings(DEFAULT_BATCH_SETTINGS, settings);
	return createWhisperModel(graphsDirectory, async description => {
		const data: WhisperThreadData = {
			graphsDirectory,
			description,
			session: {threads, device},
			settings: resolved,
		};
		const encoder = startThread(import.meta.resolve('./threads/encoder-thread.js'), data);
		const decoder = startThread(import.meta.resolve('./threads/decoder-thread.js'), data);
		const backend = createBackend(encoder, decoder);
		try {
			// The decoder takes longest to load, and there is audio to find and to encode meanwhile. What keeps it from
			// loading is told by the first call that needs it.
			decoder.call('open', undefined).catch(() => undefined);
			await encoder.call('open', undefined);
			return backend;
		} catch (error) {
			await backend.close();
			throw error;
		}
	});
}

function createBackend(encoder: ThreadHandle, decoder: ThreadHandle): WhisperBackend {
	const tell = (method: 'expect' | 'release', id: number): void => {
		// Fails only where the decoder is gone, and the audio with it.
		decoder.call(method, {id} satisfies AudioCall).catch(() => undefined);
	};
	/** A call that may not have reached the decoder before it was given up. */
	const giveBack = async <Result>(id: number, keep: boolean, call: Promise<Result>): Promise<Result> => {
		try {
			return await call;
		} catch (error) {
			if (!keep) tell('release', id);
			throw error;
		}
	};
	return {
		hear: async (id, samples, silenceMs, {signal, deadlineMs}) => {
			tell('expect', id);
			try {
				const call: EncodeCall = {samples, silenceMs, deadlineMs};
				const audio = (await encoder.call('encode', call, {signal})) as EncodedAudio;
				const transfer = [audio.states.buffer as ArrayBuffer];
				await decoder.call('prepare', {id, audio} satisfies PrepareCall, {transfer});
				signal?.throwIfAborted();
			} catch (error) {
				tell('release', id);
				throw error;
			}
		},
		detectLanguage: async (id, {signal, deadlineMs}) => {
			const call: DetectCall = {id, deadlineMs};
			return (await decoder.call('detectLanguage', call, {signal})) as ReadonlyMap<string, number>;
		},
		search: async (id, request, {signal, deadlineMs, keep = false}) => {
			const call: SearchCall = {id, request, deadlineMs, keep};
			return (await giveBack(id, keep, decoder.call('search', call, {signal}))) as SearchResult;
		},
		searchLive: async (id, request, {signal, deadlineMs, keep = false}) => {
			const call: LiveSearchCall = {id, request, deadlineMs, keep};
			return (await giveBack(id, keep, decoder.call('searchLive', call, {signal}))) as LiveSearchResult;
		},
		release: id => tell('release', id),
		configure: async settings => {
			await decoder.call('configure', {settings} satisfies ConfigureCall);
		},
		statistics: async () => {
			const [heard, decoded] = await Promise.all([
				encoder.call('statistics', undefined),
				decoder.call('statistics', undefined),
			]);
			return {...(heard as EncoderStatistics), ...(decoded as DecoderStatistics)};
		},
		close: async () => {
			await Promise.all([encoder.close(), decoder.close()]);
		},
	};
}
