import {availableParallelism} from 'node:os';
import type {Device} from '../onnx-session.js';
import {startThread, type ThreadHandle} from '../../util/thread-call.js';
import {openTokenizer, readDescription, readVocabulary} from './model-files.js';
import type {LiveSearchResult} from './live-search-request.js';
import type {SearchResult} from './search-request.js';
import type {
	AudioCall,
	EncodeCall,
	LiveSearchCall,
	PrepareCall,
	SearchCall,
	WhisperThreadData,
} from './threads/thread-protocol.js';
import type {EncodedAudio} from './whisper-encoder.js';
import type {HeardAudio, WhisperModel} from './whisper-model.js';

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
	/**
	 * Sequences that are decoded together at most, unless one search alone has more. More than 6 gain no time and
	 * cost memory.
	 *
	 * @default 6
	 */
	readonly maxBatchSize?: number;
}

/**
 * Loads a model into two threads, one that listens and one that writes: onnxruntime blocks the thread that
 * calls it, so this is how both cores work and the caller stays free.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if a file is missing or damaged; `DEVICE_UNAVAILABLE`. The decoder's own
 * file is not looked at here: the first call that needs it may throw the same.
 */
export async function openWhisperModel({
	graphsDirectory,
	threads = Math.min(2, availableParallelism()),
	device = 'auto',
	maxBatchSize = 6,
}: WhisperModelOptions): Promise<WhisperModel> {
	const description = await readDescription(graphsDirectory);
	const data: WhisperThreadData = {graphsDirectory, description, session: {threads, device}, maxBatchSize};
	const encoder = startThread(import.meta.resolve('./threads/encoder-thread.js'), data);
	const decoder = startThread(import.meta.resolve('./threads/decoder-thread.js'), data);
	const close = async (): Promise<void> => {
		await Promise.all([encoder.close(), decoder.close()]);
	};
	try {
		// The decoder takes longest to load, and there is audio to find and to encode meanwhile. What keeps it from
		// loading is told by the first call that needs it.
		decoder.call('open', undefined).catch(() => undefined);
		const [vocabulary] = await Promise.all([
			readVocabulary(graphsDirectory),
			encoder.call('open', undefined),
		]);
		return createModel({description, vocabulary, encoder, decoder, graphsDirectory, close});
	} catch (error) {
		await close();
		throw error;
	}
}

interface ModelParts extends Pick<WhisperModel, 'description' | 'vocabulary' | 'close'> {
	readonly encoder: ThreadHandle;
	readonly decoder: ThreadHandle;
	readonly graphsDirectory: string;
}

function createModel({
	description,
	vocabulary,
	encoder,
	decoder,
	graphsDirectory,
	close,
}: ModelParts): WhisperModel {
	let tokenizer: Promise<(text: string) => number[]> | undefined;
	let closing: Promise<void> | undefined;
	let count = 0;
	const release = ({id}: HeardAudio): void => {
		// Fails only where the decoder is gone, and the audio with it.
		decoder.call('release', {id} satisfies AudioCall).catch(() => undefined);
	};
	return {
		description,
		vocabulary,
		hear: async (samples, silenceMs, signal) => {
			const call: EncodeCall = {samples, silenceMs};
			const audio = (await encoder.call('encode', call, {signal})) as EncodedAudio;
			const id = count++;
			const transfer = [audio.states.buffer as ArrayBuffer];
			await decoder.call('prepare', {id, audio} satisfies PrepareCall, {transfer});
			return {id};
		},
		detectLanguage: async ({id}, signal) => {
			const call: AudioCall = {id};
			return (await decoder.call('detectLanguage', call, {signal})) as ReadonlyMap<string, number>;
		},
		search: async (audio, request, signal) => {
			const call: SearchCall = {id: audio.id, request};
			try {
				return (await decoder.call('search', call, {signal})) as SearchResult;
			} catch (error) {
				// The call may not have reached the decoder.
				release(audio);
				throw error;
			}
		},
		searchLive: async (audio, request, signal) => {
			const call: LiveSearchCall = {id: audio.id, request};
			try {
				return (await decoder.call('searchLive', call, {signal})) as LiveSearchResult;
			} catch (error) {
				release(audio);
				throw error;
			}
		},
		release,
		tokenize: async text => (await (tokenizer ??= openTokenizer(graphsDirectory)))(text),
		close: () => (closing ??= close()),
	};
}
