import {deflateSync} from 'node:zlib';
import {SAMPLE_RATE_HZ} from '../../audio/audio-source.js';
import {BeamSearch} from '../../models/whisper/beam-search.js';
import type {DecodeResult} from '../../models/whisper/decode-result.js';
import {GreedySearch, type SamplingOptions} from '../../models/whisper/greedy-search.js';
import {findLoop, loopRepetitions, maxTokensFor} from '../../models/whisper/loop-guard.js';
import type {SearchOptions} from '../../models/whisper/search-options.js';
import {timeTokens} from '../../models/whisper/token-timing.js';
import {TokenRules} from '../../models/whisper/token-rules.js';
import type {EncodedAudio} from '../../models/whisper/whisper-encoder.js';
import type {WhisperModel} from '../../models/whisper/whisper-model.js';
import {createRandom} from '../../util/random.js';
import type {Recognition, Repair} from './recognition.js';

/** With less silence behind the audio the decoder tends to loop (docs/quality.md). */
const SILENCE_MS = 1000;

/** The length Whisper was trained on; costs more, loops less. */
const FULL_MS = 30_000;

/** Tried one after another, until a text is plausible (Radford et al. 2022, section 4.5). */
const TEMPERATURES = [0.2, 0.4, 0.6, 0.8, 1];

/** Sequences drawn at each temperature (`best_of` of the reference). */
const CANDIDATES = 5;

/** Text that compresses better is a loop; text that is less likely is not what was said (both: the reference). */
const MAX_COMPRESSION_RATIO = 2.4;
const MIN_AVERAGE_LOG_PROBABILITY = -1;

/** Above this, and with a doubtful text, nobody spoke (the reference). */
const MAX_NO_SPEECH_PROBABILITY = 0.6;

export interface RecognizeOptions {
	/** Code of the language; of no meaning to an English-only model. */
	readonly language: string;
	readonly task: 'transcribe' | 'translate';
	/** Text before this, in tokens; the end of it is what counts. */
	readonly context: readonly number[];
	readonly beamSize: number;
	/** Let the model write timestamps; they are not part of the text. */
	readonly withTimestamps: boolean;
	/** Time the tokens. */
	readonly withTimes: boolean;
	readonly signal?: AbortSignal;
}

interface Attempt {
	readonly result: DecodeResult;
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

	constructor(model: WhisperModel) {
		this.#model = model;
	}

	/** Encodes a stretch of at most 30 s as {@link recognize} wants it. */
	encode(samples: Float32Array): Promise<EncodedAudio> {
		return this.#model.encode(samples, SILENCE_MS);
	}

	/**
	 * @param samples - the audio, in case it must be encoded again.
	 * @param encoded - what {@link encode} made of it.
	 * @throws `options.signal.reason` if the signal fires.
	 */
	async recognize(
		samples: Float32Array,
		encoded: EncodedAudio,
		options: RecognizeOptions,
	): Promise<Recognition> {
		const repairs: Repair[] = [];
		const attempts = [await this.#attempt(samples, encoded, options)];
		let audio = encoded;
		if (attempts[0]!.result.end !== 'end-of-text') {
			repairs.push('encoded-again');
			audio = await this.#model.encode(samples, FULL_MS);
			attempts.push(await this.#attempt(samples, audio, options));
		}
		if (!isPlausible(attempts.at(-1)!) && !isSilence(attempts.at(-1)!)) {
			repairs.push('sampled');
			const random = createRandom(samples.length);
			for (const temperature of TEMPERATURES) {
				const sampling = {temperature, candidates: CANDIDATES, random};
				attempts.push(await this.#attempt(samples, audio, options, sampling));
				if (isPlausible(attempts.at(-1)!) || isSilence(attempts.at(-1)!)) break;
			}
		}
		return this.#describe(samples, best(attempts), options, repairs);
	}

	async #attempt(
		samples: Float32Array,
		audio: EncodedAudio,
		options: RecognizeOptions,
		sampling?: SamplingOptions,
	): Promise<Attempt> {
		const {description, vocabulary} = this.#model;
		const search: SearchOptions = {
			audio,
			description,
			prompt: this.#prompt(options),
			rules: new TokenRules(description, {withTimestamps: options.withTimestamps}),
			maxTokens: maxTokensFor((samples.length * 1000) / SAMPLE_RATE_HZ),
			withAlignment: options.withTimes,
		};
		const task =
			options.beamSize > 1 && sampling === undefined
				? new BeamSearch(search, options.beamSize)
				: new GreedySearch(search, sampling);
		const {result} = await this.#model.decode(task, options.signal);
		const text = vocabulary.decode(result.tokens);
		return {result, temperature: sampling?.temperature ?? 0, text, compressionRatio: compressionRatio(text)};
	}

	#prompt({language, task, context, withTimestamps}: RecognizeOptions): number[] {
		const {specialTokens, languageTokens, dimensions} = this.#model.description;
		const languageToken = languageTokens[language];
		// Half of the decoder's positions are for the text before, less one for its own mark.
		const kept = context.slice(-(dimensions.maxTokens / 2 - 1));
		return [
			...(kept.length > 0 ? [specialTokens.startOfPrevious, ...kept] : []),
			specialTokens.startOfTranscript,
			...(languageToken === undefined ? [] : [languageToken, specialTokens[task]]),
			...(withTimestamps ? [] : [specialTokens.noTimestamps]),
		];
	}

	#describe(
		samples: Float32Array,
		attempt: Attempt,
		{withTimes}: RecognizeOptions,
		repairs: Repair[],
	): Recognition {
		const {specialTokens} = this.#model.description;
		const {result, temperature, compressionRatio: ratio} = attempt;
		const loop = result.end === 'loop' ? findLoop(result.tokens) : 0;
		const length = result.tokens.length - (loop === 0 ? 0 : loop * (loopRepetitions(loop) - 1));
		if (loop > 0) repairs.push('cut');
		const silent = isSilence(attempt);
		const places = [...result.tokens.keys()].filter(
			place => !silent && place < length && result.tokens[place]! < specialTokens.endOfText,
		);
		const tokens = places.map(place => result.tokens[place]!);
		const alignment = withTimes
			? [...places.map(place => result.alignment![place]!), result.alignment!.at(-1)!]
			: undefined;
		return {
			tokens,
			text: this.#model.vocabulary.decode(tokens).trim(),
			averageLogProbability: result.averageLogProbability,
			noSpeechProbability: result.noSpeechProbability,
			compressionRatio: ratio,
			temperature,
			probabilities: places.map(place => Math.exp(result.logProbabilities[place]!)),
			times: alignment && timeTokens(alignment, Math.floor(samples.length / SAMPLES_PER_FRAME)),
			repairs,
		};
	}
}

/** The encoder gives one frame for 20 ms. */
const SAMPLES_PER_FRAME = SAMPLE_RATE_HZ / 50;

function isPlausible({result, compressionRatio: ratio}: Attempt): boolean {
	return (
		result.end === 'end-of-text' &&
		ratio <= MAX_COMPRESSION_RATIO &&
		result.averageLogProbability >= MIN_AVERAGE_LOG_PROBABILITY
	);
}

function isSilence({result}: Attempt): boolean {
	return (
		result.noSpeechProbability > MAX_NO_SPEECH_PROBABILITY &&
		result.averageLogProbability < MIN_AVERAGE_LOG_PROBABILITY
	);
}

/** The first plausible attempt; else the likeliest that is no loop; else the likeliest. */
function best(attempts: readonly Attempt[]): Attempt {
	const plausible = attempts.find(isPlausible) ?? attempts.find(isSilence);
	if (plausible !== undefined) return plausible;
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
