import {DEFAULT_BATCH_SETTINGS} from '../../src/core/engine/batch-settings.js';
import {openOnnxSession} from '../../src/core/models/onnx-session.js';
import {BatchDecoder, type DecodeTask} from '../../src/core/models/decoding/batch-decoder.js';
import {DecoderBatch} from '../../src/core/models/decoding/decoder-batch.js';
import {decoderShape} from '../../src/core/models/whisper/decoder-shape.js';
import {modelFile, readDescription, readVocabulary} from '../../src/core/models/whisper/model-files.js';
import type {SearchRequest, SearchResult} from '../../src/core/models/whisper/search-request.js';
import type {WhisperDescription} from '../../src/core/models/whisper/whisper-description.js';
import {openWhisperDecoder, type WhisperDecoder} from '../../src/core/models/whisper/whisper-decoder.js';
import {
	openWhisperEncoder,
	type EncodedAudio,
	type WhisperEncoder,
} from '../../src/core/models/whisper/whisper-encoder.js';
import type {WhisperVocabulary} from '../../src/core/models/whisper/whisper-vocabulary.js';
import {WorkSchedule} from '../../src/core/models/decoding/work-schedule.js';
import {systemClock} from '../../src/core/util/clock.js';

/** The two halves of a model in this thread, without what is built around them. */
export interface LocalWhisper {
	readonly description: WhisperDescription;
	readonly vocabulary: WhisperVocabulary;
	readonly encoder: WhisperEncoder;
	readonly decoder: WhisperDecoder;
	/** Decodes audio, which may be decoded again. */
	search(audio: EncodedAudio, request: Partial<SearchRequest> & LocalTask): Promise<SearchResult>;
	close(): Promise<void>;
}

export interface LocalTask {
	readonly language: string;
	readonly task?: 'transcribe' | 'translate';
}

export async function openLocalWhisper(graphsDirectory: string, maxBatchSize = 8): Promise<LocalWhisper> {
	const description = await readDescription(graphsDirectory);
	const schedule = new WorkSchedule({...DEFAULT_BATCH_SETTINGS, maxBatchSize}, systemClock);
	const [vocabulary, encoder, decoder] = await Promise.all([
		readVocabulary(graphsDirectory),
		openWhisperEncoder(graphsDirectory, description.dimensions, {clock: systemClock}),
		openWhisperDecoder(graphsDirectory, description, {schedule, clock: systemClock}),
	]);
	return {
		description,
		vocabulary,
		encoder,
		decoder,
		search: async (audio, {language, task = 'transcribe', ...request}) =>
			decoder.search(await decoder.prepare(audio), {
				prompt: makePrompt(description, language, task, request.withTimestamps ?? false),
				withTimestamps: false,
				maxTokens: 440,
				beamSize: 1,
				sampling: undefined,
				timedFrames: undefined,
				...request,
			}),
		close: async () => {
			await Promise.all([encoder.close(), decoder.close()]);
		},
	};
}

export function makePrompt(
	{specialTokens, languageTokens}: WhisperDescription,
	language: string,
	task: 'transcribe' | 'translate',
	withTimestamps: boolean,
): number[] {
	return [
		specialTokens.startOfTranscript,
		languageTokens[language]!,
		specialTokens[task],
		...(withTimestamps ? [] : [specialTokens.noTimestamps]),
	];
}

/** Logits of the last position when the decoder is given these tokens and nothing else. */
export async function readLogits(
	graphsDirectory: string,
	{decoder, description}: LocalWhisper,
	audio: EncodedAudio,
	tokens: readonly number[],
): Promise<Float32Array> {
	const session = await openOnnxSession(modelFile(graphsDirectory, 'decoder'));
	let logits = new Float32Array();
	const task: DecodeTask = {
		source: await decoder.prepare(audio),
		prompt: tokens,
		wanted: [tokens.length - 1],
		maxRows: 1,
		withAlignment: false,
		begin(output) {
			logits = output.logits[0]!.slice();
			return [];
		},
		advance: () => [],
	};
	const schedule = new WorkSchedule(DEFAULT_BATCH_SETTINGS, systemClock);
	schedule.serve(
		new BatchDecoder(new DecoderBatch(session, decoderShape(description)), schedule.settings, systemClock),
	);
	await schedule.decode(task);
	await session.close();
	return logits;
}
