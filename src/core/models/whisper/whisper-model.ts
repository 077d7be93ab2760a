import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {createLogMel, HOP_SAMPLES, type LogMel} from '../../audio/log-mel.js';
import {InfinisstError} from '../../errors.js';
import {openOnnxSession, type Device, type OnnxSession} from '../onnx-session.js';
import {BatchDecoder, type DecodeTask} from './batch-decoder.js';
import {WHISPER_FILES} from './build-whisper-graphs.js';
import {DecoderBatch} from './decoder-batch.js';
import type {WhisperDescription} from './whisper-description.js';
import {encodeAudio, type EncodedAudio} from './whisper-encoder.js';
import {WhisperVocabulary} from './whisper-vocabulary.js';

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

/** A loaded Whisper model. Calls may overlap: encoders run one by one, decoders together. */
export interface WhisperModel {
	readonly description: WhisperDescription;
	readonly vocabulary: WhisperVocabulary;
	/**
	 * Encodes audio followed by silence.
	 *
	 * @param samples - mono float32 at 16 kHz, at most 30 s.
	 * @param silenceMs - of silence at the end; the result is cut at 30 s.
	 */
	encode(samples: Float32Array, silenceMs: number): Promise<EncodedAudio>;
	/** Runs a task to its end, together with others. */
	decode<Task extends DecodeTask>(task: Task, signal?: AbortSignal): Promise<Task>;
	/** Tokens of a text, without steering tokens. Loads the tokenizer at the first call. */
	tokenize(text: string): Promise<number[]>;
	/** Waits for running calls, then frees the graphs. Idempotent. */
	close(): Promise<void>;
}

/**
 * Loads a model.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if a file is missing or damaged; `DEVICE_UNAVAILABLE`.
 */
export async function openWhisperModel({
	graphsDirectory,
	threads = 1,
	device = 'auto',
	maxBatchSize = 8,
}: WhisperModelOptions): Promise<WhisperModel> {
	const path = (file: keyof typeof WHISPER_FILES): string => join(graphsDirectory, WHISPER_FILES[file]);
	const description = (await readJson(path('description'))) as WhisperDescription;
	const vocabulary = new WhisperVocabulary((await readJson(path('vocabulary'))) as string[]);
	const sessions = await openAll(
		['encoder', 'cross', 'decoder'].map(
			name => () => openOnnxSession(path(name as 'encoder' | 'cross' | 'decoder'), {threads, device}),
		),
	);
	const [encoder, cross, decoder] = sessions as [OnnxSession, OnnxSession, OnnxSession];
	const {dimensions} = description;
	const logMel: LogMel = createLogMel({melBins: dimensions.melBins});
	const batch = new BatchDecoder(new DecoderBatch(decoder, dimensions), maxBatchSize);
	const maxFrames = dimensions.maxEncoderFrames * 2;
	let tokenizer: Promise<(text: string) => number[]> | undefined;
	let closing: Promise<void> | undefined;
	return {
		description,
		vocabulary,
		encode: (samples, silenceMs) => {
			const wanted = Math.ceil(samples.length / HOP_SAMPLES) + Math.ceil(silenceMs / 10);
			const frames = Math.min(Math.ceil(wanted / 2) * 2, maxFrames);
			return encodeAudio({encoder, cross}, dimensions, logMel.compute(samples, {frames}), frames);
		},
		decode: async (task, signal) => {
			await batch.decode(task, signal);
			return task;
		},
		tokenize: async text => (await (tokenizer ??= openTokenizer(path('tokenizer'))))(text),
		close: () =>
			(closing ??= (async () => {
				await Promise.all(sessions.map(session => session.close()));
			})()),
	};
}

/** Opens all, or none: what was opened before one failed is closed. */
async function openAll(openers: readonly (() => Promise<OnnxSession>)[]): Promise<OnnxSession[]> {
	const opened = await Promise.allSettled(openers.map(open => open()));
	const sessions = opened.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
	const failed = opened.find(result => result.status === 'rejected');
	if (failed === undefined) return sessions;
	await Promise.all(sessions.map(session => session.close()));
	throw failed.reason;
}

async function openTokenizer(path: string): Promise<(text: string) => number[]> {
	const {Tokenizer} = await import('@huggingface/tokenizers');
	const tokenizer = new Tokenizer((await readJson(path)) as object, {});
	return text => [...tokenizer.encode(text, {add_special_tokens: false}).ids];
}

async function readJson(path: string): Promise<unknown> {
	try {
		return JSON.parse(await readFile(path, 'utf8')) as unknown;
	} catch (cause) {
		throw new InfinisstError('MODEL_CORRUPT', `${path} cannot be read`, {
			cause,
			hint: 'Run `infinisst models verify`, and pull the model again if it complains.',
		});
	}
}
