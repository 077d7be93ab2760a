import type {Clock} from '../../util/clock.js';
import {DistributionMeter} from '../../util/distribution-meter.js';
import {createRandom} from '../../util/random.js';
import {BatchDecoder} from '../decoding/batch-decoder.js';
import type {CallOptions} from '../decoding/call-options.js';
import {DecoderBatch} from '../decoding/decoder-batch.js';
import {DecoderSource} from '../decoding/decoder-source.js';
import type {WorkSchedule} from '../decoding/work-schedule.js';
import {openOnnxSession, type OnnxSessionOptions} from '../onnx-session.js';
import {BeamSearch} from './beam-search.js';
import type {DecodeResult} from './decode-result.js';
import {decoderShape} from './decoder-shape.js';
import {GreedySearch} from './greedy-search.js';
import {LanguageDetection} from './language-detection.js';
import {LiveSearch} from './live-search.js';
import type {LiveSearchRequest, LiveSearchResult} from './live-search-request.js';
import {modelFile, readVocabulary} from './model-files.js';
import type {SearchOptions} from './search-options.js';
import type {SearchRequest, SearchResult} from './search-request.js';
import {TokenRules} from './token-rules.js';
import {timeTokens, type TokenTime} from './token-timing.js';
import type {WhisperDescription} from './whisper-description.js';
import type {EncodedAudio} from './whisper-encoder.js';
import type {DecoderStatistics} from './whisper-statistics.js';

/**
 * The writing half of a Whisper model. Calls may overlap, and wait for their turn, except `prepare`. Those that decode
 * take over one hold of the audio, however they end.
 */
export interface WhisperDecoder {
	/** Computes what all steps of the decoder look at. */
	prepare(audio: EncodedAudio): Promise<DecoderSource>;
	/** Probability of each language by its code; they sum to 1. */
	detectLanguage(audio: DecoderSource, options?: CallOptions): Promise<ReadonlyMap<string, number>>;
	search(audio: DecoderSource, request: SearchRequest, options?: CallOptions): Promise<SearchResult>;
	/** Goes on from settled text. */
	searchLive(
		audio: DecoderSource,
		request: LiveSearchRequest,
		options?: CallOptions,
	): Promise<LiveSearchResult>;
	statistics(): DecoderStatistics;
	/** To be called when the schedule was closed. */
	close(): Promise<void>;
}

export interface WhisperDecoderOptions extends OnnxSessionOptions {
	/** Gives turns to the decoder, and to nothing else that decodes. */
	readonly schedule: WorkSchedule;
	readonly clock: Clock;
}

/** @throws {InfinisstError} as `openOnnxSession`. */
export async function openWhisperDecoder(
	graphsDirectory: string,
	description: WhisperDescription,
	{schedule, clock, ...options}: WhisperDecoderOptions,
): Promise<WhisperDecoder> {
	const session = await openOnnxSession(modelFile(graphsDirectory, 'decoder'), options);
	const cross = await openOnnxSession(modelFile(graphsDirectory, 'cross'), options);
	const batch = new BatchDecoder(
		new DecoderBatch(session, decoderShape(description)),
		schedule.settings,
		clock,
	);
	schedule.serve(batch);
	const prepareMs = new DistributionMeter();
	const {width} = description.dimensions;
	let punctuation: Promise<ReadonlySet<number>> | undefined;
	return {
		prepare: async ({frames, states}) => {
			const startMs = clock.nowMs();
			const tensors = await cross.run({states: cross.floats(states, [1, frames, width])});
			prepareMs.add(clock.nowMs() - startMs);
			return new DecoderSource(
				frames,
				new Map(Object.entries(tensors).map(([name, {data}]) => [name, data as Float32Array | Int8Array])),
			);
		},
		detectLanguage: async (audio, options) => {
			const task = new LanguageDetection(audio, description);
			await schedule.decode(task, options);
			return task.probabilities;
		},
		search: async (audio, request, options) => {
			const task = createSearch(audio, request, description);
			await schedule.decode(task, options);
			const {alignment, ...result} = task.result;
			return {...result, times: timeResult(result.tokens, alignment, request, description)};
		},
		searchLive: async (audio, request, options) => {
			punctuation ??= readVocabulary(graphsDirectory).then(vocabulary => vocabulary.punctuation());
			const marks = await punctuation;
			const task = new LiveSearch(audio, request, description, token => marks.has(token));
			await schedule.decode(task, options);
			return task.result;
		},
		statistics: () => ({
			...batch.statistics,
			prepareMs: prepareMs.summary(),
			settings: schedule.settings,
		}),
		close: async () => {
			await Promise.all([session.close(), cross.close()]);
		},
	};
}

function createSearch(
	audio: DecoderSource,
	{prompt, withTimestamps, maxTokens, beamSize, sampling, timedFrames}: SearchRequest,
	description: WhisperDescription,
): GreedySearch | BeamSearch {
	const options: SearchOptions = {
		audio,
		prompt,
		description,
		maxTokens,
		rules: new TokenRules(description, {withTimestamps}),
		withAlignment: timedFrames !== undefined,
	};
	if (sampling !== undefined) {
		const {temperature, candidates, seed} = sampling;
		return new GreedySearch(options, {temperature, candidates, random: createRandom(seed)});
	}
	return beamSize > 1 ? new BeamSearch(options, beamSize) : new GreedySearch(options);
}

function timeResult(
	tokens: readonly number[],
	alignment: DecodeResult['alignment'],
	{timedFrames}: SearchRequest,
	{specialTokens}: WhisperDescription,
): (TokenTime | undefined)[] {
	if (alignment === undefined || timedFrames === undefined) return tokens.map(() => undefined);
	const isText = (id: number): boolean => id < specialTokens.endOfText;
	const rows = alignment.filter((_, place) => place === tokens.length || isText(tokens[place]!));
	const times = timeTokens(rows, timedFrames);
	let next = 0;
	return tokens.map(id => (isText(id) ? times[next++] : undefined));
}
