import type {ErrorCode} from '../errors.js';
import type {TimedWord} from '../translation/translation-event.js';
import type {SessionEvent, TextFinal, TextPartial} from './session-event.js';

/** What is the same in all events of a stream. */
interface Stamp {
	/** Counts from 0, without gaps. */
	readonly seq: number;
	/** Wall time since the session began. */
	readonly at_ms: number;
}

/** A session as it begins. */
export interface StreamSession {
	readonly model: string;
	/** A code, or `auto`. */
	readonly source_language: string;
	/** Codes, and `same` for captions. */
	readonly targets: readonly string[];
	readonly latency_multiplier: number;
}

/** Times are ms of audio from the session's first sample. */
interface StreamText {
	readonly target: string;
	/** Code of the language that the text is in. */
	readonly language: string;
	readonly segment: number;
	readonly text: string;
	readonly source_text?: string;
	readonly start_ms: number;
	readonly end_ms: number;
	/** Audio that had been received when the text was emitted. */
	readonly audio_ms: number;
}

export interface StreamWord {
	readonly text: string;
	readonly start_ms: number;
	readonly end_ms: number;
	readonly probability: number;
}

type Body =
	| ({readonly type: 'session.created'} & StreamSession & Readonly<Record<string, unknown>>)
	| ({readonly type: 'partial'} & StreamText)
	| ({readonly type: 'final'; readonly words?: readonly StreamWord[]} & StreamText)
	| {
			readonly type: 'lag';
			readonly lag_ms: number;
			readonly audio_ms: number;
			/** Everything before is final in all targets. */
			readonly final_ms: number;
			readonly level_decibels: number;
			/** Spoken now; null until it is known. */
			readonly source_language: string | null;
	  }
	| {
			readonly type: 'usage';
			readonly audio_ms: number;
			/** Finals and segments of all targets together. */
			readonly finals: number;
			readonly segments: number;
			readonly characters: number;
	  }
	| {
			readonly type: 'error';
			/** Null for what has no code: a fault nobody foresaw, or something that was worked around. */
			readonly code: ErrorCode | null;
			/** For people: what happened, and what to do. */
			readonly message: string;
			/** Whether the stream ends with it. */
			readonly fatal: boolean;
	  }
	| {readonly type: 'done'};

/** One event of a live stream as it is sent and printed: a published format (docs/cli.md). */
export type StreamEvent = Body & Stamp;

export interface StreamEventsOptions {
	/** Wall time since the session began, ms. */
	readonly elapsedMs: () => number;
	/** Language spoken, if it is known from the beginning. */
	readonly sourceLanguage?: string;
	/** Also tell the times of words. @default false */
	readonly words?: boolean;
}

/**
 * Writes what a session reports as events of its stream. Segments end where their number rises; what the session
 * has heard of the language goes with `lag`.
 */
export class StreamEvents {
	readonly #elapsedMs: () => number;
	readonly #words: boolean;
	#sourceLanguage: string | null;
	#seq = 0;
	#finals = 0;
	#segments = 0;
	#characters = 0;

	constructor({elapsedMs, sourceLanguage, words = false}: StreamEventsOptions) {
		this.#elapsedMs = elapsedMs;
		this.#words = words;
		this.#sourceLanguage = sourceLanguage === 'auto' ? null : (sourceLanguage ?? null);
	}

	/** The first event. @param more - further facts, such as the name of the session. */
	created(session: StreamSession, more: Readonly<Record<string, unknown>> = {}): StreamEvent {
		return this.#stamp({type: 'session.created', ...more, ...session});
	}

	/** In order; none for what the stream does not tell. */
	of(event: SessionEvent): readonly StreamEvent[] {
		switch (event.type) {
			case 'text-final':
				this.#finals++;
				this.#characters += event.text.length;
				return [
					this.#stamp({
						type: 'final',
						...describeText(event),
						...(this.#words && event.words !== undefined && {words: event.words.map(describeWord)}),
					}),
				];
			case 'text-partial':
				return [this.#stamp({type: 'partial', ...describeText(event)})];
			case 'segment-ended':
				this.#segments++;
				return [];
			case 'language-detected':
				this.#sourceLanguage = event.language;
				return [];
			case 'lag-measured':
				return [
					this.#stamp({
						type: 'lag',
						lag_ms: Math.round(event.lagMs),
						audio_ms: Math.round(event.audioMs),
						final_ms: Math.round(event.finalMs),
						level_decibels: Math.round(event.levelDecibels * 10) / 10,
						source_language: this.#sourceLanguage,
					}),
				];
			case 'warning-raised':
				return [this.#stamp({type: 'error', code: null, message: event.message, fatal: false})];
			case 'stretch-ended':
				return [];
			case 'session-ended':
				return [
					this.#stamp({
						type: 'usage',
						audio_ms: Math.round(event.audioMs),
						finals: this.#finals,
						segments: this.#segments,
						characters: this.#characters,
					}),
					this.#stamp({type: 'done'}),
				];
		}
	}

	/** Something that the session did not report itself: what was worked around, or with `fatal` what ended it. */
	error(code: ErrorCode | null, message: string, fatal: boolean): StreamEvent {
		return this.#stamp({type: 'error', code, message, fatal});
	}

	#stamp(body: Body): StreamEvent {
		const {type, ...rest} = body;
		return {type, seq: this.#seq++, at_ms: Math.round(this.#elapsedMs()), ...rest} as StreamEvent;
	}
}

function describeText(event: TextFinal | TextPartial): StreamText {
	return {
		segment: event.segment,
		text: event.text,
		...(event.sourceText !== undefined && {source_text: event.sourceText}),
		language: event.language,
		target: event.target,
		start_ms: Math.round(event.startMs),
		end_ms: Math.round(event.endMs),
		audio_ms: Math.round(event.audioMs),
	};
}

function describeWord({text, startMs, endMs, probability}: TimedWord): StreamWord {
	return {text, start_ms: Math.round(startMs), end_ms: Math.round(endMs), probability};
}
