import {deflateSync} from 'node:zlib';
import {SAMPLE_RATE_HZ} from '../../audio/audio-source.js';
import {findLoop, loopRepetitions, maxTokensFor} from '../../models/whisper/loop-guard.js';
import type {SearchRequest, SearchResult} from '../../models/whisper/search-request.js';
import type {HeardAudio, WhisperModel} from '../../models/whisper/whisper-model.js';
import type {Recognition, Repair} from './recognition.js';
import {DOUBTFUL_LOG_PROBABILITY, isSilence} from './silence-rule.js';
import {steeringPrompt} from './steering-prompt.js';

/** With less silence behind the audio the decoder tends to loop (docs/quality.md). */
const SILENCE_MS = 1000;

/** The length Whisper was trained on; costs more, loops less. */
const FULL_MS = 30_000;

/** Tried one after another, until a text is plausible (Radford et al. 2022, section 4.5). */
const TEMPERATURES = [0.2, 0.4, 0.6, 0.8, 1];

/** Sequences drawn at each temperature (`best_of` of the reference). */
const CANDIDATES = 5;

/** Text that compresses better is a loop (the reference). */
const MAX_COMPRESSION_RATIO = 2.4;

/**
 * A speaker may repeat a sentence, too: then the model is sure, comes to an end by itself, and has written no
 * more than can be said. Clips of one sentence four and five times had 4.6 and 5 tokens a second.
 */
const MIN_AVERAGE_LOG_PROBABILITY_OF_REPETITION = -0.5;
const MAX_TOKENS_PER_SECOND_OF_REPETITION = 6;

export interface RecognizeOptions {
	/** Code of the language; of no meaning to an English-only model. */
	readonly language: string;
	readonly task: 'transcribe' | 'translate';
	/** Mean over the speech in it, of the voice activity detector, 0..1. */
	readonly speechProbability: number;
	/** How much of it the detector took for speech. */
	readonly speechMs: number;
	/** Text before this, in tokens; the end of it is what counts. */
	readonly context: readonly number[];
	readonly beamSize: number;
	/** Of the first attempt, 0..1; above 0 texts are drawn instead of searched for. */
	readonly temperature: number;
	/** Let the model write timestamps; they are not part of the text. */
	readonly withTimestamps: boolean;
	/** Time the tokens. */
	readonly withTimes: boolean;
	readonly signal?: AbortSignal;
}

interface Attempt {
	readonly result: SearchResult;
	readonly temperature: number;
	readonly text: string;
	readonly compressionRatio: number;
}

/**
 * Recognises one stretch of speech, repairing as the reference does: what looks like a loop is encoded again
 * at full length, what remains doubtful is drawn at rising temperatures, and the best attempt wins.
 */
export class SegmentRecognizer {
	readonly #model: WhisperModel;
	readonly #candidates: number;

	/** @param maxRows - sequences that the model decodes together at most; no more are drawn. */
	constructor(model: WhisperModel, maxRows: number) {
		this.#model = model;
		this.#candidates = Math.min(CANDIDATES, maxRows);
	}

	/** Encodes a stretch of at most 30 s as {@link recognize} wants it. */
	hear(samples: Float32Array, signal?: AbortSignal): Promise<HeardAudio> {
		return this.#model.hear(samples, SILENCE_MS, {signal});
	}

	/**
	 * @param samples - the audio, in case it must be encoded again.
	 * @param heard - what {@link hear} made of it; released by this.
	 * @throws `options.signal.reason` if the signal fires.
	 */
	async recognize(samples: Float32Array, heard: HeardAudio, options: RecognizeOptions): Promise<Recognition> {
		const repairs: Repair[] = [];
		const first = await this.#attempt(samples, heard, options, options.temperature);
		const attempts = [first];
		// The more silence is encoded the less does the model believe in speech: the first time says it best.
		const {noSpeechProbability} = first.result;
		const isUnheard = (attempt: Attempt): boolean =>
			isSilence({
				...options,
				noSpeechProbability,
				averageLogProbability: attempt.result.averageLogProbability,
			});
		const isDone = (attempt: Attempt): boolean => isPlausible(attempt, options) || isUnheard(attempt);

		if (first.result.end !== 'end-of-text' && !isUnheard(first)) {
			repairs.push('encoded-again');
			attempts.push(await this.#attemptAtFullLength(samples, options, options.temperature));
		}
		if (!isDone(attempts.at(-1)!)) repairs.push('sampled');
		for (const temperature of TEMPERATURES) {
			if (isDone(attempts.at(-1)!)) break;
			if (temperature <= options.temperature) continue;
			attempts.push(await this.#attemptAtFullLength(samples, options, temperature));
		}
		const chosen = attempts.find(isDone) ?? likeliest(attempts);
		return this.#describe(chosen, isUnheard(chosen), noSpeechProbability, options, repairs);
	}

	async #attemptAtFullLength(
		samples: Float32Array,
		options: RecognizeOptions,
		temperature: number,
	): Promise<Attempt> {
		const audio = await this.#model.hear(samples, FULL_MS, {signal: options.signal});
		return this.#attempt(samples, audio, options, temperature);
	}

	async #attempt(
		samples: Float32Array,
		audio: HeardAudio,
		options: RecognizeOptions,
		temperature: number,
	): Promise<Attempt> {
		const request: SearchRequest = {
			prompt: this.#prompt(options),
			withTimestamps: options.withTimestamps,
			maxTokens: maxTokensFor((samples.length * 1000) / SAMPLE_RATE_HZ),
			beamSize: options.beamSize,
			sampling:
				temperature === 0 ? undefined : {temperature, candidates: this.#candidates, seed: samples.length},
			timedFrames: options.withTimes ? Math.floor(samples.length / SAMPLES_PER_FRAME) : undefined,
		};
		const result = await this.#model.search(audio, request, {signal: options.signal});
		const text = this.#model.vocabulary.decode(result.tokens);
		return {result, temperature, text, compressionRatio: compressionRatio(text)};
	}

	#prompt({language, task, context, withTimestamps}: RecognizeOptions): number[] {
		const {description} = this.#model;
		// Half of the decoder's positions are for the text before, less one for its own mark.
		const before = context.slice(-(description.dimensions.maxTokens / 2 - 1));
		return steeringPrompt(description, {before, language, task, withTimestamps});
	}

	#describe(
		attempt: Attempt,
		isUnheard: boolean,
		noSpeechProbability: number,
		{withTimes}: RecognizeOptions,
		repairs: Repair[],
	): Recognition {
		const {specialTokens} = this.#model.description;
		const {result, temperature, compressionRatio: ratio} = attempt;
		const loop = result.end === 'loop' ? findLoop(result.tokens) : 0;
		const length = result.tokens.length - (loop === 0 ? 0 : loop * (loopRepetitions(loop) - 1));
		if (loop > 0 && !isUnheard) repairs.push('cut');
		const places = [...result.tokens.keys()].filter(
			place => !isUnheard && place < length && result.tokens[place]! < specialTokens.endOfText,
		);
		const tokens = places.map(place => result.tokens[place]!);
		return {
			tokens,
			text: this.#model.vocabulary.decode(tokens).trim(),
			averageLogProbability: result.averageLogProbability,
			noSpeechProbability,
			compressionRatio: ratio,
			temperature,
			probabilities: places.map(place => Math.exp(result.logProbabilities[place]!)),
			times: withTimes ? places.flatMap(place => result.times[place] ?? []) : undefined,
			repairs,
		};
	}
}

/** The encoder gives one frame for 20 ms. */
const SAMPLES_PER_FRAME = SAMPLE_RATE_HZ / 50;

/**
 * A translation has many wordings, each less likely than the one right caption: drawing others when it is
 * doubtful costs eight times the work and gave worse translations (docs/quality.md, choices).
 */
function isPlausible(attempt: Attempt, {task, speechMs}: RecognizeOptions): boolean {
	const {result, compressionRatio: ratio} = attempt;
	return (
		result.end === 'end-of-text' &&
		(ratio <= MAX_COMPRESSION_RATIO || isRepetition(attempt, speechMs)) &&
		(task === 'translate' || result.averageLogProbability >= DOUBTFUL_LOG_PROBABILITY)
	);
}

/** Whether a text that says the same again and again may have been said. */
function isRepetition({result}: Attempt, speechMs: number): boolean {
	return (
		result.averageLogProbability >= MIN_AVERAGE_LOG_PROBABILITY_OF_REPETITION &&
		result.tokens.length <= (MAX_TOKENS_PER_SECOND_OF_REPETITION * speechMs) / 1000
	);
}

/** The likeliest attempt that is no loop; else the likeliest. */
function likeliest(attempts: readonly Attempt[]): Attempt {
	const honest = attempts.filter(({result}) => result.end === 'end-of-text');
	return (honest.length > 0 ? honest : attempts).reduce((a, b) =>
		b.result.averageLogProbability > a.result.averageLogProbability ? b : a,
	);
}

/** Bytes of text to bytes of the same text deflated, as the reference measures repetition. */
export function compressionRatio(text: string): number {
	const bytes = Buffer.from(text.trim());
	return bytes.length === 0 ? 0 : bytes.length / deflateSync(bytes).length;
}
