import type {Device} from '../onnx-session.js';
import {startThread, type ThreadHandle} from '../../util/thread-call.js';
import {openTokenizer, readDescription, readVocabulary} from './model-files.js';
import type {SearchResult} from './search-request.js';
import {
	audioBuffers,
	type DetectCall,
	type EncodeCall,
	type SearchCall,
	type WhisperThreadData,
} from './threads/thread-protocol.js';
import type {EncodedAudio} from './whisper-encoder.js';
import type {LanguageGuess, WhisperModel} from './whisper-model.js';

export interface WhisperModelOptions {
	/** As `buildWhisperGraphs` made it. */
	readonly graphsDirectory: string;
	/** Threads that share one operator, for the encoder and for the decoder each. @default 1 */
	readonly threads?: number;
	/** @default 'auto' */
	readonly device?: Device;
	/** Sequences that are decoded together at most. @default 8 */
	readonly maxBatchSize?: number;
}

/**
 * Loads a model into two threads, one that listens and one that writes: onnxruntime blocks the thread that
 * calls it, so this is how both cores work and the caller stays free.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if a file is missing or damaged; `DEVICE_UNAVAILABLE`.
 */
export async function openWhisperModel({
	graphsDirectory,
	threads = 1,
	device = 'auto',
	maxBatchSize = 8,
}: WhisperModelOptions): Promise<WhisperModel> {
	const description = await readDescription(graphsDirectory);
	const data: WhisperThreadData = {graphsDirectory, description, session: {threads, device}, maxBatchSize};
	const encoder = startThread(import.meta.resolve('./threads/encoder-thread.js'), data);
	const decoder = startThread(import.meta.resolve('./threads/decoder-thread.js'), data);
	const close = async (): Promise<void> => {
		await Promise.all([encoder.close(), decoder.close()]);
	};
	try {
		const [vocabulary] = await Promise.all([
			readVocabulary(graphsDirectory),
			encoder.call('open', undefined),
			decoder.call('open', undefined),
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
	return {
		description,
		vocabulary,
		encode: async (samples, silenceMs, signal) => {
			const argument: EncodeCall = {samples, silenceMs};
			return (await encoder.call('encode', argument, {signal})) as EncodedAudio;
		},
		detectLanguage: async (audio, signal) => {
			const argument: DetectCall = {audio};
			return (await decoder.call('detectLanguage', argument, {
				signal,
				transfer: audioBuffers(audio),
			})) as LanguageGuess;
		},
		search: async (audio, request, signal) => {
			const argument: SearchCall = {audio, request};
			return (await decoder.call('search', argument, {
				signal,
				transfer: audioBuffers(audio),
			})) as SearchResult;
		},
		tokenize: async text => (await (tokenizer ??= openTokenizer(graphsDirectory)))(text),
		close: () => (closing ??= close()),
	};
}
