import limitConcurrency from 'p-limit';
import {SAMPLE_RATE_HZ, type AudioSource} from '../audio/audio-source.js';
import {openVoiceActivityDetector} from '../audio/voice-activity.js';
import {readSpeechSegments, type VoicedAudio} from '../audio/voiced-audio.js';
import {InfinisstError} from '../errors.js';
import type {Device} from '../models/onnx-session.js';
import {openWhisperModel} from '../models/whisper/open-whisper-model.js';
import type {WhisperModel} from '../models/whisper/whisper-model.js';
import {mapOrdered} from '../util/map-ordered.js';
import type {FileTranslationOptions, FileTranslator} from './file-translator.js';
import type {TranslationEvent} from './translation-event.js';
import {hearLanguages, type HeardSpeech} from './whisper/hear-languages.js';
import {LanguageTracker} from './whisper/language-tracker.js';
import type {Recognition} from './whisper/recognition.js';
import {SegmentRecognizer} from './whisper/segment-recognizer.js';
import {toSegments} from './whisper/to-segments.js';

export interface WhisperFileTranslatorOptions {
	/** As `buildWhisperGraphs` made it. */
	readonly graphsDirectory: string;
	/** Threads of each graph. @default as in `openWhisperModel` */
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
	/** Longest stretch that is recognised at once. @default 20000: docs/quality.md, choices */
	readonly maxSegmentMs?: number;
}

/** Shorter segments lose words at their edges, longer ones cost more at each step and gain nothing. */
const MAX_SEGMENT_MS = 20_000;

/** Segments that are encoded while all rows of the batch are taken, so that no row waits for the encoder. */
const ENCODED_AHEAD = 1;

/** A segment that went through the model. */
interface Recognized {
	readonly speech: VoicedAudio;
	readonly language: string;
	/** Set where the language is another than before. */
	readonly detected: {readonly language: string; readonly probability: number} | undefined;
	readonly recognition: Recognition;
}

/**
 * Opens a translator of recordings with a Whisper model: voice activity cuts the audio into segments, which
 * are encoded one by one at their real length and decoded together.
 *
 * @throws {InfinisstError} as `openWhisperModel`.
 */
export async function openWhisperFileTranslator(
	options: WhisperFileTranslatorOptions,
): Promise<FileTranslator> {
	const {maxBatchSize = 6, maxSegmentMs = MAX_SEGMENT_MS} = options;
	const opening = [
		// Audio is encoded in another thread: decoding would wait for it and gain nothing.
		openWhisperModel({...options, settings: {maxBatchSize, minBatchSize: 1}}),
		openVoiceActivityDetector(),
	] as const;
	const [model, detector] = await Promise.all(opening).catch(async (error: unknown) => {
		for (const opened of await Promise.allSettled(opening)) {
			if (opened.status === 'fulfilled') await opened.value.close();
		}
		throw error;
	});
	const recognizer = new SegmentRecognizer(model, maxBatchSize);
	// However many recordings are translated at once, no more audio than this lies in the decoder.
	const inMemory = limitConcurrency(maxBatchSize + ENCODED_AHEAD);
	const running = new Set<Promise<void>>();
	let closing: Promise<void> | undefined;

	async function* translate(
		audio: AudioSource,
		request: FileTranslationOptions,
	): AsyncGenerator<TranslationEvent, void, undefined> {
		let readSamples = 0;
		const speech = readSpeechSegments(audio.samples, detector, {
			maxSegmentMs,
			...(request.signal === undefined ? {} : {signal: request.signal}),
			onProgress: samples => (readSamples = samples),
		});
		// A prompt made of the text before needs that text, so then nothing can be decoded together.
		const limit =
			request.previousText === true ? 1 : Math.floor(maxBatchSize / beamSizeOf(request)) + ENCODED_AHEAD;
		const recognize = await createSegmentMapper(model, recognizer, request).catch(async (error: unknown) => {
			await audio.samples.cancel(error);
			throw error;
		});
		let segments = 0;
		for await (const pieces of mapOrdered(speech, limit, part => inMemory(() => recognize(part)))) {
			for (const {speech, detected, language, recognition} of pieces) {
				if (detected !== undefined) yield {type: 'language-detected', ...detected};
				const textLanguage = request.task === 'translate' ? 'en' : language;
				for (const segment of toSegments(speech, recognition, language, textLanguage, model.vocabulary)) {
					const {tokens, ...facts} = segment;
					yield {
						type: 'segment-final',
						segment: {
							index: segments++,
							...facts,
							...(request.tokens === true && tokens !== undefined && {tokens}),
						},
					};
				}
				if (recognition.repairs.includes('cut')) {
					const seconds = Math.round(speech.startMs / 1000);
					yield {
						type: 'warning-raised',
						message: `The model repeated itself at ${seconds} s; the repetition was cut.`,
					};
				}
				yield {type: 'progress', processedMs: speech.endMs, durationMs: audio.durationMs};
			}
		}
		yield {type: 'translation-ended', audioMs: (readSamples * 1000) / SAMPLE_RATE_HZ, segments};
	}

	return {
		translate: async function* (audio, request) {
			if (closing !== undefined) {
				const error = new InfinisstError('RESOURCE_CLOSED', 'The translator was used after it was closed');
				await audio.samples.cancel(error);
				throw error;
			}
			let resolve!: () => void;
			const promise = new Promise<void>(settle => (resolve = settle));
			running.add(promise);
			try {
				yield* translate(audio, request);
			} finally {
				running.delete(promise);
				resolve();
			}
		},
		close: () =>
			(closing ??= (async () => {
				await Promise.all(running);
				await Promise.all([model.close(), detector.close()]);
			})()),
	};
}

/**
 * Makes the function that takes a stretch of speech through the model, in one piece or, where its language
 * changes, in several; calls may overlap but begin in order.
 */
async function createSegmentMapper(
	model: WhisperModel,
	recognizer: SegmentRecognizer,
	request: FileTranslationOptions,
): Promise<(stretch: VoicedAudio) => Promise<Recognized[]>> {
	const {sourceLanguage, task, signal, previousText = false} = request;
	const prompt = request.prompt === undefined ? [] : await model.tokenize(` ${request.prompt.trim()}`);
	// An English-only model has no languages to choose from.
	const isMultilingual = Object.keys(model.description.languageTokens).length > 0;
	const isDetecting = sourceLanguage === 'auto' && isMultilingual;
	const fixedLanguage = isMultilingual ? sourceLanguage : 'en';
	const tracker = new LanguageTracker();
	const inOrder = limitConcurrency(1);
	let context = prompt;

	const hear = async (speech: VoicedAudio): Promise<HeardSpeech[]> => {
		signal?.throwIfAborted();
		if (isDetecting) return hearLanguages(speech, {model, recognizer, tracker, signal});
		const heard = await recognizer.hear(speech.samples, signal);
		return [{speech, heard, language: fixedLanguage, detected: undefined}];
	};

	return async stretch => {
		const results: Recognized[] = [];
		for (const {speech, heard, language, detected} of await inOrder(() => hear(stretch))) {
			const recognition = await recognizer.recognize(speech.samples, heard, {
				language,
				task: language === 'en' ? 'transcribe' : task,
				speechProbability: speech.speechProbability,
				speechMs: speechMsOf(speech),
				context,
				beamSize: beamSizeOf(request),
				temperature: request.temperature ?? 0,
				withTimestamps: request.timestamps ?? false,
				withTimes: request.words ?? false,
				...(signal === undefined ? {} : {signal}),
			});
			if (previousText) context = [...prompt, ...recognition.tokens];
			results.push({speech, language, detected, recognition});
		}
		return results;
	};
}

function beamSizeOf({beamSize = 1}: FileTranslationOptions): number {
	return beamSize;
}

function speechMsOf({runs}: VoicedAudio): number {
	const samples = runs.reduce((sum, {startSample, endSample}) => sum + endSample - startSample, 0);
	return (samples * 1000) / SAMPLE_RATE_HZ;
}
