import {SAMPLE_RATE_HZ} from '../../audio/audio-source.js';
import type {SpeechRun} from '../../audio/speech-segments.js';
import type {SpeechTrack} from '../../audio/speech-track.js';
import type {LiveSearchRequest, LiveSearchResult} from '../../models/whisper/live-search-request.js';
import {findLoop, loopRepetitions, maxTokensFor} from '../../models/whisper/loop-guard.js';
import {splitWords, writesSpaces} from '../../models/whisper/split-words.js';
import type {WhisperModel} from '../../models/whisper/whisper-model.js';
import type {SessionEvent} from '../../session/session-event.js';
import type {CommitPolicy} from '../policy/commit-policy.js';
import type {LatencySettings} from '../policy/latency-settings.js';
import type {TimedWord} from '../translation-event.js';
import {isSilence} from '../whisper/silence-rule.js';
import {steeringPrompt} from '../whisper/steering-prompt.js';
import {findWindowCut} from './cut-window.js';
import type {LiveLanguage} from './live-language.js';
import {EMPTY_SEGMENT_TEXT, SegmentText, type SegmentTextState} from './segment-text.js';
import type {Hearing, SharedHearing} from './shared-hearing.js';
import {countWholeWords} from './whole-words.js';

/** One frame of the encoder. */
const FRAME_SAMPLES = SAMPLE_RATE_HZ / 50;

/** With less silence behind the audio the decoder tends to loop, and to read what it has read again (docs/live.md, choices). */
const SILENCE_MS = 1000;

/** The length Whisper was trained on; costs more, loops less. */
const FULL_MS = 30_000;

/** Less speech than this is nothing to look at. */
const LEAST_SPEECH_SAMPLES = 0.2 * SAMPLE_RATE_HZ;

/** Sound that is kept before speech, and after it. */
const ROOM_BEFORE_SAMPLES = 0.5 * SAMPLE_RATE_HZ;
const ROOM_AFTER_SAMPLES = 0.5 * SAMPLE_RATE_HZ;

/** While a pause runs, the look that closes the window is near and sees more. */
const PAUSE_BEGUN_SAMPLES = 0.25 * SAMPLE_RATE_HZ;

/**
 * After so long a pause a window is closed in any case. Where the language is to be found, sooner: the next speaker may
 * speak another one, and speakers of two languages leave about a second between them.
 */
const LONG_PAUSE_MS = 2000;
const LONG_PAUSE_BETWEEN_LANGUAGES_MS = 1000;

/** Closed text that the next window is prompted with: of captions only (docs/live.md). */
const PROMPT_TOKENS = 32;

/** Closed text that is kept for that. */
const KEPT_TOKENS = 64;

/** How far attention may jump back before a token counts as read again; translations reorder (docs/live.md). */
const REWIND_FRAMES = {transcribe: 25, translate: 100} as const;

/** Without a word to cut at, a window may grow so much longer; then it is cut behind what was read. */
const GRACE_SAMPLES = 3 * SAMPLE_RATE_HZ;
const ROOM_AFTER_READ_SAMPLES = 0.2 * SAMPLE_RATE_HZ;

/** Of a window in which nothing was settled at all, this is kept. */
const KEPT_SAMPLES = 2 * SAMPLE_RATE_HZ;
const LONGEST_SAMPLES = 28 * SAMPLE_RATE_HZ;

/** What a session's writers share. */
export interface WriterParts {
	readonly model: Pick<WhisperModel, 'description' | 'vocabulary'>;
	readonly policy: CommitPolicy;
	readonly track: SpeechTrack;
	readonly language: LiveLanguage;
	/** Tokens of the prompt that the user gave. */
	readonly prompt: readonly number[];
	readonly partials: boolean;
	readonly words: boolean;
	readonly emit: (event: SessionEvent) => void;
	/** Counts what was guarded against. */
	readonly guard: (name: string) => void;
}

/** A writer between two looks; plain data. */
export interface WindowWriterState {
	readonly target: string;
	/** First sample of the open window. */
	readonly windowStart: number;
	/** Text of the window that never changes again, and the sample that each token was read from. */
	readonly settled: readonly number[];
	readonly readFrom: readonly number[];
	/** Everything before this is final, though the window goes on. */
	readonly pausedAt: number;
	/** End of the text of closed windows, and the language spoken in them. */
	readonly closed: readonly number[];
	readonly closedLanguage: string | undefined;
	/** What followed the settled text at the last look. */
	readonly foreseen: readonly number[] | undefined;
	readonly lookedAt: number;
	/** Spoken in the window; undefined until it is known. */
	readonly language: string | undefined;
	readonly text: SegmentTextState;
}

export function beginWriter(target: string): WindowWriterState {
	return {
		target,
		windowStart: 0,
		settled: [],
		readFrom: [],
		pausedAt: 0,
		closed: [],
		closedLanguage: undefined,
		foreseen: undefined,
		lookedAt: 0,
		language: undefined,
		text: EMPTY_SEGMENT_TEXT,
	};
}

/** How a look goes. */
export interface Look {
	/** The audio up to here. */
	readonly sample: number;
	readonly hearing: SharedHearing;
	readonly settings: LatencySettings;
	/** Nothing comes after it: all of it becomes final. */
	readonly isLast: boolean;
}

/**
 * Writes one target of a session. It keeps a window of audio open, reads it again at every look with the settled
 * text forced, and settles what the policy lets pass; windows are closed at pauses and cut at words where they grow
 * long.
 */
export class WindowWriter {
	readonly #parts: WriterParts;
	readonly #text: SegmentText;
	readonly #target: string;
	#state: WindowWriterState;

	constructor(parts: WriterParts, state: WindowWriterState) {
		this.#parts = parts;
		this.#target = state.target;
		this.#state = state;
		this.#text = new SegmentText(state.target, state.text, {withWords: parts.words, emit: parts.emit});
	}

	get state(): WindowWriterState {
		return {...this.#state, text: this.#text.state};
	}

	/** Everything before this sample is final. */
	get finalSample(): number {
		const {windowStart, readFrom} = this.#state;
		return Math.max(windowStart, ...readFrom);
	}

	/** Looks at the audio, if it is time to. */
	async look(look: Look): Promise<void> {
		const {track} = this.#parts;
		const {sample, settings} = look;
		for (;;) {
			const {windowStart, settled, pausedAt} = this.#state;
			const quietFrom = Math.max(windowStart, pausedAt);
			const runs = track.runs(quietFrom, sample);
			if (speechSamples(runs) < LEAST_SPEECH_SAMPLES) {
				const quietMs = pausedAt > windowStart ? this.#longPauseMs : settings.pauseMs;
				if (settled.length > 0 && (look.isLast || sample - quietFrom >= toSamples(quietMs))) {
					this.#close(sample, sample);
				} else if (settled.length === 0) {
					// Nobody speaks yet.
					const begin = look.isLast ? sample : newestBegin(runs, sample, toSamples(settings.pauseMs));
					this.#open(Math.max(windowStart, begin - ROOM_BEFORE_SAMPLES));
					if (look.isLast) this.#close(sample, sample);
				}
				return;
			}
			const pause = findPause(runs, sample, toSamples(settings.pauseMs));
			if (pause !== undefined) {
				const end = Math.min(pause.startSample + ROOM_AFTER_SAMPLES, pause.endSample);
				await this.#lookLast(end, look);
				if (end - windowStart < toSamples(settings.keepMs) && this.#state.settled.length > 0) {
					this.#pause(end, sample);
				} else {
					this.#close(Math.max(end, pause.endSample - ROOM_BEFORE_SAMPLES), sample);
				}
				continue;
			}
			if (look.isLast) {
				await this.#lookLast(sample, look);
				this.#close(sample, sample);
				return;
			}
			if (this.#isTimeToLook(runs, look)) {
				await this.#lookOn(runs, look);
				this.#shorten(runs, look);
			}
			return;
		}
	}

	#isTimeToLook(runs: readonly SpeechRun[], {sample, settings}: Look): boolean {
		const {windowStart, settled, lookedAt} = this.#state;
		if (sample - lookedAt < toSamples(settings.stepMs)) return false;
		if (sample - windowStart > toSamples(settings.capMs)) return true;
		if (settled.length === 0 && sample - runs[0]!.startSample < toSamples(settings.minWindowMs)) return false;
		return sample - runs.at(-1)!.endSample < PAUSE_BEGUN_SAMPLES;
	}

	/** An open look: settles what the policy lets pass. */
	async #lookOn(runs: readonly SpeechRun[], {sample, settings, hearing}: Look): Promise<void> {
		const {policy, model, guard} = this.#parts;
		const heard = await hearing.hear(this.#state.windowStart, sample, settings.silenceMs);
		const language = await this.#findLanguage(heard, runs, sample);
		if (language === undefined) {
			this.#state = {...this.#state, lookedAt: sample};
			return;
		}
		const audioFrames = this.#framesUpTo(sample);
		const endFrame = settings.looksAhead ? undefined : policy.heldFrom?.(audioFrames, settings);
		const result = await heard.search({...this.#request(language, sample), endFrame});
		const {settled, windowStart, foreseen} = this.#state;
		this.#state = {...this.#state, lookedAt: sample};
		const audioMs = toMs(sample);
		const look = {audioMs, language: this.#written(language), sourceLanguage: language};
		if (isRunaway(result) || this.#isSilent(runs, result)) {
			guard(isRunaway(result) ? 'open-loop' : 'open-silence');
			this.#state = {...this.#state, foreseen: undefined};
			this.#suggest('', look, sample);
			return;
		}
		if (result.end === 'rewind' || result.end === 'stall') guard(result.end);
		const words = (tokens: readonly number[]) => splitWords(tokens, model.vocabulary, look.language);
		const count = policy.settle(
			{
				tokens: result.tokens,
				frames: result.frames,
				probabilities: result.logProbabilities.map(Math.exp),
				audioFrames,
			},
			{
				settings,
				previous: foreseen,
				speechMs: toMs(speechSamples(runs)),
				settledWords: words(settled).length,
				lengthOfWords: (tokens, limit) => words(tokens)[limit - 1]?.to ?? tokens.length,
			},
		);
		const whole = countWholeWords(
			{tokens: result.tokens, count, next: result.refused, hasSpaces: writesSpaces(look.language)},
			model.vocabulary,
		);
		const readFrom = result.frames.map(frame => windowStart + (frame + 1) * FRAME_SAMPLES);
		this.#settle(result, whole, readFrom, look);
		const rest = result.tokens.slice(whole);
		this.#state = {...this.#state, foreseen: rest};
		this.#suggest(model.vocabulary.decode(rest).replace(/\uFFFD+$/u, ''), look, sample);
	}

	/** The last look at a window: all of it is settled. */
	async #lookLast(end: number, {sample, hearing}: Look): Promise<void> {
		const {model, guard, track} = this.#parts;
		const {windowStart, settled} = this.#state;
		const runs = track.runs(windowStart, end);
		const heard = await hearing.hear(windowStart, end, SILENCE_MS);
		const language = (await this.#findLanguage(heard, runs, end, true))!;
		const request = this.#request(language, end);
		let result = await heard.search(request);
		if (isRunaway(result) && !this.#isSilent(runs, result)) {
			guard('final-loop');
			result = await (await hearing.hear(windowStart, end, FULL_MS)).search(request);
		}
		if (this.#isSilent(runs, result)) {
			guard('final-silence');
			return;
		}
		const loop = isRunaway(result) ? findLoop([...settled, ...result.tokens]) : 0;
		let count = result.tokens.length;
		if (isRunaway(result)) {
			guard('final-loop-cut');
			count = loop === 0 ? 0 : Math.max(0, count - loop * (loopRepetitions(loop) - 1));
		}
		while (count > 0 && model.vocabulary.decode(result.tokens.slice(0, count)).endsWith('\uFFFD')) count--;
		const readFrom = result.frames.map(frame => Math.min(end, windowStart + (frame + 1) * FRAME_SAMPLES));
		const look = {audioMs: toMs(sample), language: this.#written(language), sourceLanguage: language};
		this.#settle(result, count, readFrom, look);
	}

	/** Settles the first tokens of a result. */
	#settle(
		{tokens, logProbabilities}: LiveSearchResult,
		count: number,
		readFrom: readonly number[],
		look: {readonly audioMs: number; readonly language: string; readonly sourceLanguage: string},
	): void {
		if (count === 0) return;
		const words = splitWords(tokens.slice(0, count), this.#parts.model.vocabulary, look.language).map(
			({text, from, to}): TimedWord => ({
				text,
				startMs: toMs(Math.min(...readFrom.slice(from, to)) - FRAME_SAMPLES),
				endMs: toMs(Math.max(...readFrom.slice(from, to))),
				probability: mean(logProbabilities.slice(from, to).map(Math.exp)),
			}),
		);
		this.#text.add(words, look);
		this.#state = {
			...this.#state,
			settled: [...this.#state.settled, ...tokens.slice(0, count)],
			readFrom: [...this.#state.readFrom, ...readFrom.slice(0, count)],
		};
	}

	#suggest(
		text: string,
		look: {readonly audioMs: number; readonly language: string; readonly sourceLanguage: string},
		sample: number,
	): void {
		if (this.#parts.partials) this.#text.suggest(text, look, toMs(sample));
	}

	/** Nothing is likely to follow any more. */
	#unsuggest(sample: number): void {
		if (this.#text.state.partial === '') return;
		const language = this.#state.language ?? '';
		this.#suggest(
			'',
			{audioMs: toMs(sample), language: this.#written(language), sourceLanguage: language},
			sample,
		);
	}

	/** Ends the window; the next begins at `start`. */
	#close(start: number, sample: number): void {
		const {settled, closed} = this.#state;
		this.#unsuggest(sample);
		this.#text.end(toMs(sample));
		this.#state = {
			...this.#state,
			// A policy may settle what was read from the pause itself.
			windowStart: Math.max(start, this.finalSample),
			pausedAt: 0,
			settled: [],
			readFrom: [],
			closed: [...closed, ...settled].slice(-KEPT_TOKENS),
			closedLanguage: this.#state.language ?? this.#state.closedLanguage,
			foreseen: undefined,
			language: undefined,
		};
	}

	/** Goes on with the window after a pause: what comes next is read better with the words before it in the ear. */
	#pause(end: number, sample: number): void {
		this.#unsuggest(sample);
		this.#text.end(toMs(sample));
		this.#state = {...this.#state, pausedAt: end, lookedAt: end, foreseen: undefined};
	}

	/** Moves the begin of a window in which nothing was said yet. */
	#open(start: number): void {
		this.#state = {...this.#state, windowStart: start};
	}

	/** Cuts a window that has grown long. */
	#shorten(runs: readonly SpeechRun[], {sample, settings}: Look): void {
		const {windowStart, settled, readFrom, closed, language} = this.#state;
		const capSamples = toSamples(settings.capMs);
		const length = sample - windowStart;
		if (length <= capSamples) return;
		const {guard, model} = this.#parts;
		const toFrame = (at: number): number => Math.round((at - windowStart) / FRAME_SAMPLES);
		const words = splitWords(settled, model.vocabulary, this.#written(language ?? ''));
		const starts = words.slice(1).map(({from}) => from);
		const cut = findWindowCut({
			frames: readFrom.map(toFrame),
			wordStarts: starts,
			textBefore: starts.map(start => model.vocabulary.decode([settled[start - 1]!])),
			gaps: runs.slice(1).map((run, order) => ({
				startFrame: toFrame(runs[order]!.endSample),
				endFrame: toFrame(run.startSample),
			})),
			audioFrames: toFrame(sample),
			capFrames: Math.round(capSamples / FRAME_SAMPLES),
		});
		if (cut !== undefined) {
			guard('cut-at-word');
			this.#state = {
				...this.#state,
				windowStart: windowStart + cut.frame * FRAME_SAMPLES,
				settled: settled.slice(cut.tokens),
				readFrom: readFrom.slice(cut.tokens),
				closed: [...closed, ...settled.slice(0, cut.tokens)].slice(-KEPT_TOKENS),
			};
		} else if (settled.length > 0 && length > Math.min(LONGEST_SAMPLES, capSamples + GRACE_SAMPLES)) {
			guard('cut-behind-text');
			const start = Math.min(this.finalSample + ROOM_AFTER_READ_SAMPLES, sample - ROOM_AFTER_READ_SAMPLES);
			this.#state = {
				...this.#state,
				windowStart: start,
				settled: [],
				readFrom: [],
				closed: [...closed, ...settled].slice(-KEPT_TOKENS),
				foreseen: undefined,
			};
		} else if (settled.length === 0 && length > Math.min(LONGEST_SAMPLES, 2 * capSamples)) {
			guard('cut-unsettled');
			this.#state = {...this.#state, windowStart: sample - KEPT_SAMPLES, foreseen: undefined};
		}
	}

	/** The language of the window, asked for once nothing of it is settled. */
	async #findLanguage(
		heard: Hearing,
		runs: readonly SpeechRun[],
		sample: number,
		isLast = false,
	): Promise<string | undefined> {
		if (this.#state.language !== undefined) return this.#state.language;
		const language = await this.#parts.language.find(heard, {
			startMs: toMs(this.#state.windowStart),
			speechMs: toMs(speechSamples(runs)),
			audioMs: toMs(sample),
			isLast,
		});
		this.#state = {...this.#state, language};
		// After text in another language the model goes on in that, and translates instead of writing what it hears.
		if (language !== undefined && language !== this.#state.closedLanguage) {
			this.#state = {...this.#state, closed: []};
		}
		return language;
	}

	#request(language: string, end: number): LiveSearchRequest {
		const {model, prompt} = this.#parts;
		const {settled, closed, windowStart, readFrom} = this.#state;
		const task = this.#target === 'same' || language === this.#target ? 'transcribe' : 'translate';
		// Translations came out worse with text before them, Chinese captions too (docs/live.md).
		const context = task === 'transcribe' && writesSpaces(language) ? closed.slice(-PROMPT_TOKENS) : [];
		const before = [...prompt, ...context];
		const steering = steeringPrompt(model.description, {before, language, task, withTimestamps: false});
		return {
			prompt: [...steering, ...settled],
			settled: settled.length,
			audioFrames: this.#framesUpTo(end),
			furthestFrame: Math.max(0, ...readFrom.map(at => Math.floor((at - windowStart) / FRAME_SAMPLES) - 1)),
			rewindFrames: REWIND_FRAMES[task],
			maxTokens: maxTokensFor(toMs(end - windowStart)),
		};
	}

	/** Whether what the model wrote was not said. Settled text was. */
	#isSilent(
		runs: readonly SpeechRun[],
		{noSpeechProbability, averageLogProbability}: LiveSearchResult,
	): boolean {
		if (this.#state.settled.length > 0) return false;
		const speechProbability = this.#parts.track.meanProbability(runs);
		const speechMs = toMs(speechSamples(runs));
		return isSilence({speechProbability, speechMs, noSpeechProbability, averageLogProbability});
	}

	#framesUpTo(sample: number): number {
		return Math.max(1, Math.floor((sample - this.#state.windowStart) / FRAME_SAMPLES));
	}

	get #longPauseMs(): number {
		return this.#parts.language.isFixed ? LONG_PAUSE_MS : LONG_PAUSE_BETWEEN_LANGUAGES_MS;
	}

	/** Language that text is written in. */
	#written(language: string): string {
		return this.#target === 'same' ? language : this.#target;
	}
}

/** The first pause of a length after speech, which may still run. */
function findPause(runs: readonly SpeechRun[], sample: number, pauseSamples: number): SpeechRun | undefined {
	for (const [order, {endSample}] of runs.entries()) {
		if (endSample - runs[0]!.startSample < LEAST_SPEECH_SAMPLES) continue;
		const next = runs[order + 1]?.startSample ?? sample;
		if (next - endSample >= pauseSamples) return {startSample: endSample, endSample: next};
	}
	return undefined;
}

/** Where the newest speech without a pause in it or behind it begins: a click does not keep a window open for ever. */
function newestBegin(runs: readonly SpeechRun[], sample: number, pauseSamples: number): number {
	let begin = sample;
	for (const {startSample, endSample} of runs.toReversed()) {
		if (begin - endSample >= pauseSamples) break;
		begin = startSample;
	}
	return begin;
}

function isRunaway({end}: LiveSearchResult): boolean {
	return end === 'loop' || end === 'too-long';
}

function speechSamples(runs: readonly SpeechRun[]): number {
	return runs.reduce((sum, {startSample, endSample}) => sum + endSample - startSample, 0);
}

function toSamples(ms: number): number {
	return (ms * SAMPLE_RATE_HZ) / 1000;
}

function toMs(samples: number): number {
	return (samples * 1000) / SAMPLE_RATE_HZ;
}

function mean(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}
