import type {TimedWord} from '../translation/translation-event.js';

/** What all texts of a session say about themselves. Times are ms from the session's first sample. */
interface SessionText {
	/** Which of the targets asked for: a language code, or `same` for captions. */
	readonly target: string;
	/** Code of the language that it is written in. */
	readonly language: string;
	/** Counts from 0 for each target; a segment ends where a speaker pauses, or where it grew long. */
	readonly segment: number;
	/** Audio that the text was heard in. */
	readonly startMs: number;
	readonly endMs: number;
	/** Audio that had been listened to when the text was written; never before `endMs`. */
	readonly audioMs: number;
}

/** Text that never changes again. The texts of a target, joined as they are, are its transcript. */
export interface TextFinal extends SessionText {
	readonly type: 'text-final';
	/** Whole words, with the space before them where the language writes one. */
	readonly text: string;
	/** What the text is a translation of, where the model knows. */
	readonly sourceText?: string;
	/** Only when words were asked for. */
	readonly words?: readonly TimedWord[];
}

/** What is likely to follow the finals of its segment. Replaces the partial before it; empty: there is none. */
export interface TextPartial extends SessionText {
	readonly type: 'text-partial';
	readonly text: string;
	readonly sourceText?: string;
}

/** A segment is complete: the finals of it, joined and trimmed. Never empty. */
export interface SegmentEnded extends SessionText {
	readonly type: 'segment-ended';
	readonly text: string;
	readonly sourceLanguage: string;
	readonly words?: readonly TimedWord[];
}

/**
 * What a live session reports, in order. Within a target neither segments nor the times of finals go back.
 * Fatal faults throw; they are no event.
 */
export type SessionEvent =
	| TextFinal
	| TextPartial
	| SegmentEnded
	| {
			readonly type: 'language-detected';
			readonly language: string;
			readonly probability: number;
			/** From where on it is spoken. */
			readonly startMs: number;
	  }
	/**
	 * Once for each look at the audio: everything before `finalMs` is final in all targets. `lagMs` is wall time
	 * from the arrival of the last sample looked at to now.
	 */
	| {
			readonly type: 'lag-measured';
			readonly audioMs: number;
			readonly finalMs: number;
			readonly lagMs: number;
			/** Loudness of the audio since the last one, dB below full scale, -100..0. */
			readonly levelDecibels: number;
	  }
	/** Something was worked around: one sentence for people. */
	| {readonly type: 'warning-raised'; readonly message: string}
	/** All that was written before a `flush()` is final. */
	| {readonly type: 'stretch-ended'; readonly audioMs: number}
	/** Always last, after `end()`. */
	| {readonly type: 'session-ended'; readonly audioMs: number};
