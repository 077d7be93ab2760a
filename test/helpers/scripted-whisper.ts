import type {VoiceActivityDetector} from '../../src/core/audio/voice-activity.js';
import {WINDOW_SAMPLES} from '../../src/core/audio/voice-activity.js';
import {InfinisstError} from '../../src/core/errors.js';
import type {CallOptions} from '../../src/core/models/decoding/call-options.js';
import type {LiveSearchRequest, LiveSearchResult} from '../../src/core/models/whisper/live-search-request.js';
import type {WhisperDescription} from '../../src/core/models/whisper/whisper-description.js';
import type {
	HeardAudio,
	SearchCallOptions,
	WhisperModel,
} from '../../src/core/models/whisper/whisper-model.js';
import type {WhisperVocabulary} from '../../src/core/models/whisper/whisper-vocabulary.js';
import {makeVocabulary, TINY} from './tiny-whisper.js';

/** Something that is said. */
export interface ScriptedWord {
	/** As the model writes it, with its space; `|` divides its tokens. */
	readonly text: string;
	readonly startMs: number;
	readonly endMs: number;
	/** @default 'en' */
	readonly language?: string;
}

/** Text tokens are below 900: captions from 0 on, translations from 400 on, what else tests need from 800 on. */
const TRANSLATED_FROM = 400;
const EXTRA_FROM = 800;

export const SCRIPTED_DESCRIPTION: WhisperDescription = {
	...TINY,
	dimensions: {...TINY.dimensions, vocabularySize: 1200},
	specialTokens: {
		endOfText: 900,
		startOfTranscript: 901,
		translate: 910,
		transcribe: 911,
		startOfPrevious: 912,
		noSpeech: 913,
		noTimestamps: 914,
		timestampBegin: 915,
	},
	languageTokens: {en: 902, de: 903, es: 904, zh: 905},
};

/** Audio whose samples say where they stand, which is how a scripted model knows what is said in them. */
export function positionAudio(durationMs: number, fromMs = 0): Float32Array {
	return Float32Array.from({length: durationMs * 16}, (_, index) => fromMs * 16 + index);
}

interface Token {
	readonly piece: string;
	readonly word: ScriptedWord;
	/** Where it is read. */
	readonly atMs: number;
}

/** What a test may change about one search. */
export type SearchHook = (
	request: LiveSearchRequest,
	result: LiveSearchResult,
	heard: ScriptedHearing,
	options: SearchCallOptions | undefined,
) => Partial<LiveSearchResult> | undefined;

export interface ScriptedHearing {
	readonly startMs: number;
	readonly endMs: number;
	readonly silenceMs: number;
}

/** A Whisper that understands {@link positionAudio}, word by word, and counts what it is asked and has to hold. */
export class ScriptedWhisper implements WhisperModel {
	readonly description = SCRIPTED_DESCRIPTION;
	readonly vocabulary: WhisperVocabulary;
	readonly hearings: ScriptedHearing[] = [];
	readonly requests: LiveSearchRequest[] = [];
	detections = 0;
	onHear: (hearing: ScriptedHearing) => void = () => undefined;
	onSearch: SearchHook = () => undefined;
	onDetect: (heard: ScriptedHearing) => ReadonlyMap<string, number> | undefined = () => undefined;
	readonly #tokens: readonly Token[];
	readonly #held = new Map<number, ScriptedHearing>();

	constructor(words: readonly ScriptedWord[], extra: readonly string[] = []) {
		this.#tokens = words.flatMap(word => {
			const pieces = word.text.split('|');
			return pieces.map((piece, index) => ({
				piece,
				word,
				atMs: word.startMs + ((word.endMs - word.startMs) * (index + 1)) / pieces.length,
			}));
		});
		const pieces = new Array<string>(900).fill('');
		for (const [id, {piece}] of this.#tokens.entries()) {
			pieces[id] = piece;
			pieces[TRANSLATED_FROM + id] = piece.toUpperCase();
		}
		for (const [index, piece] of extra.entries()) pieces[EXTRA_FROM + index] = piece;
		this.vocabulary = makeVocabulary(pieces);
	}

	/** Audio that was not given back. */
	get held(): number {
		return this.#held.size;
	}

	async hear(samples: Float32Array, silenceMs: number, options?: CallOptions): Promise<HeardAudio> {
		await Promise.resolve();
		options?.signal?.throwIfAborted();
		const startMs = samples[0]! / 16;
		const hearing = {startMs, endMs: startMs + samples.length / 16, silenceMs};
		if (samples.length > 30 * 16_000) throw new Error(`heard ${samples.length / 16} ms at once`);
		this.onHear(hearing);
		const id = this.hearings.push(hearing);
		this.#held.set(id, hearing);
		return {id};
	}

	async detectLanguage(audio: HeardAudio): Promise<ReadonlyMap<string, number>> {
		await Promise.resolve();
		this.detections++;
		const heard = this.#find(audio);
		const given = this.onDetect(heard);
		if (given !== undefined) return given;
		const language = this.#within(heard)[0]?.word.language ?? 'en';
		return new Map(['en', 'de', 'es', 'zh'].map(code => [code, code === language ? 0.94 : 0.02]));
	}

	search(): Promise<never> {
		return Promise.reject(new Error('a live session searches live'));
	}

	async searchLive(
		audio: HeardAudio,
		request: LiveSearchRequest,
		options?: SearchCallOptions,
	): Promise<LiveSearchResult> {
		await Promise.resolve();
		options?.signal?.throwIfAborted();
		const heard = this.#find(audio);
		this.requests.push(request);
		const result = this.#read(request, heard);
		if (options?.keep !== true) this.release(audio);
		return {...result, ...this.onSearch(request, result, heard, options)};
	}

	release({id}: HeardAudio): void {
		this.#held.delete(id);
	}

	configure(): Promise<void> {
		return Promise.resolve();
	}

	statistics(): Promise<never> {
		return Promise.reject(new Error('nobody asks for them here'));
	}

	tokenize(text: string): Promise<number[]> {
		const id = this.#tokens.findIndex(({piece}) => piece === text);
		return Promise.resolve(id < 0 ? [] : [id]);
	}

	close(): Promise<void> {
		return Promise.resolve();
	}

	/** Tokens that tests asked for, by their place among them. */
	extra(index: number): number {
		return EXTRA_FROM + index;
	}

	#find({id}: HeardAudio): ScriptedHearing {
		const heard = this.#held.get(id);
		if (heard === undefined)
			throw new InfinisstError('RESOURCE_CLOSED', 'Audio was used after it was released');
		return heard;
	}

	#within({startMs, endMs}: ScriptedHearing): Token[] {
		return this.#tokens.filter(
			({word, atMs}) => (word.startMs + word.endMs) / 2 >= startMs && atMs <= endMs && atMs > startMs,
		);
	}

	/** Goes on behind the settled text, or from the begin of the window. */
	#read(request: LiveSearchRequest, heard: ScriptedHearing): LiveSearchResult {
		const {prompt, settled, audioFrames} = request;
		const offset = prompt.includes(this.description.specialTokens.translate) ? TRANSLATED_FROM : 0;
		const last = settled === 0 ? -1 : prompt.at(-1)! - offset;
		const taken = this.#within(heard)
			.map(token => ({id: this.#tokens.indexOf(token), frame: this.#frameOf(token, heard, audioFrames)}))
			.filter(({id}) => id > last);
		return {
			tokens: taken.map(({id}) => id + offset),
			frames: taken.map(({frame}) => frame),
			logProbabilities: taken.map(() => -0.1),
			averageLogProbability: -0.1,
			noSpeechProbability: 0.01,
			end: 'end-of-text',
			refused: undefined,
		};
	}

	#frameOf({atMs}: Token, {startMs}: ScriptedHearing, audioFrames: number): number {
		return Math.min(audioFrames - 1, Math.max(0, Math.floor((atMs - startMs) / 20) - 1));
	}
}

/** A detector that hears speech in {@link positionAudio} where there is some. */
export function scriptedDetector(
	speechMs: readonly (readonly [number, number])[],
	probability = 0.95,
): VoiceActivityDetector {
	const isSpeech = (sample: number): boolean =>
		speechMs.some(([from, to]) => sample / 16 >= from && sample / 16 < to);
	return {
		stream: from => {
			let open = [...(from?.open ?? [])];
			return {
				push: samples => {
					open.push(...samples);
					const probabilities: number[] = [];
					while (open.length >= WINDOW_SAMPLES) {
						probabilities.push(isSpeech(open[WINDOW_SAMPLES / 2]!) ? probability : 0.01);
						open = open.slice(WINDOW_SAMPLES);
					}
					return Promise.resolve(Float32Array.from(probabilities));
				},
				flush: () => {
					const rest = open.length === 0 ? [] : [isSpeech(open[0]!) ? probability : 0.01];
					open = [];
					return Promise.resolve(Float32Array.from(rest));
				},
				state: () => ({
					hidden: new Float32Array(),
					cell: new Float32Array(),
					open: Float32Array.from(open),
					peak: 0,
				}),
			};
		},
		close: () => Promise.resolve(),
	};
}

/** Words of equal length, one after another without a pause. */
export function makeSpeech(
	texts: readonly string[],
	startMs: number,
	eachMs = 400,
	language = 'en',
): ScriptedWord[] {
	return texts.map((text, index) => ({
		text,
		startMs: startMs + index * eachMs,
		endMs: startMs + (index + 1) * eachMs,
		language,
	}));
}

/** When somebody speaks: words that follow one another within 100 ms are one run. */
export function speechOf(words: readonly ScriptedWord[]): (readonly [number, number])[] {
	const runs: [number, number][] = [];
	for (const {startMs, endMs} of words) {
		const last = runs.at(-1);
		if (last !== undefined && startMs - last[1] < 100) last[1] = endMs;
		else runs.push([startMs, endMs]);
	}
	return runs;
}
