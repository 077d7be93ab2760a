import type {UpdateWork} from '../../core/engine/engine.js';
import type {OpenHostedSession} from './session-host.js';

/** What a history is told of a session that was opened. */
export interface RecordedSession extends Omit<OpenHostedSession, 'checkpoint'> {
	readonly model: string;
	/** Wall time, ms since 1970. */
	readonly createdAtMs: number;
}

/** What a history is told of a recording that was sent whole. */
export interface RecordedUpload {
	/** Unique. */
	readonly id: string;
	readonly owner: string | undefined;
	/** As its client called it, if `keepText` is set. */
	readonly file: string | undefined;
	readonly model: string;
	/** A code, or `auto`. */
	readonly sourceLanguage: string;
	readonly targets: readonly string[];
	/** Wall time, ms since 1970. */
	readonly createdAtMs: number;
}

/** A text of an update; times are ms from the engine session's first sample. */
export interface RecordedText {
	readonly target: string;
	readonly language: string;
	readonly segment: number;
	readonly startMs: number;
	readonly endMs: number;
	readonly text: string;
	readonly sourceText: string | undefined;
}

/** One look at the audio: what a task is to a job. */
export interface RecordedUpdate {
	/** Wall time, ms since 1970. */
	readonly atMs: number;
	/** Audio listened to, and the part of it that is final in all targets; undefined where the engine did not say. */
	readonly audioMs: number | undefined;
	readonly finalMs: number | undefined;
	readonly lagMs: number | undefined;
	/** Of all targets together. */
	readonly finals: number;
	readonly segments: number;
	/** Of the finals, UTF-16 units. */
	readonly characters: number;
	/** The finals, if `keepText` is set; else none. */
	readonly texts: readonly RecordedText[];
	/** Undefined where the engine did not say. */
	readonly work: UpdateWork | undefined;
	/** A flush is complete. */
	readonly endsStretch: boolean;
}

export interface RecordedOutcome {
	readonly atMs: number;
	/** Audio taken in all. */
	readonly audioMs: number;
	/** What broke the session, or why it was taken away; undefined if it ended by itself. */
	readonly cause: unknown;
}

/** Told in order: `began` at most once, then updates and resets, `ended` exactly once and last. */
export interface SessionRecord {
	/** It left the line: audio is translated from now on. */
	began(atMs: number): void;
	updated(update: RecordedUpdate): void;
	/** Everything before was forgotten. */
	reset(atMs: number): void;
	ended(outcome: RecordedOutcome): void;
}

/**
 * Keeps what happened to sessions. All methods return at once and take what they are told away to be written later:
 * the session goes on in the same turn of the loop. What one throws is reported, and its session is recorded no further.
 */
export interface SessionRecorder {
	/** `options.prompt` and `.glossary` are left out unless `keepText` is set. */
	open(session: RecordedSession): SessionRecord;
	/** It waits for its turn; its segments are the updates. */
	openUpload(upload: RecordedUpload): SessionRecord;
}

const nothing = (): void => undefined;

const NO_RECORD: SessionRecord = {began: nothing, updated: nothing, reset: nothing, ended: nothing};

export const NO_RECORDER: SessionRecorder = {open: () => NO_RECORD, openUpload: () => NO_RECORD};

/** The recorder, with its faults kept from the sessions. */
export function guardRecorder(recorder: SessionRecorder, onFault: (error: unknown) => void): SessionRecorder {
	const guard = (open: () => SessionRecord): SessionRecord => {
		let record: SessionRecord | undefined;
		const tell = (task: (record: SessionRecord) => void): void => {
			if (record === undefined) return;
			try {
				task(record);
			} catch (error) {
				record = undefined;
				onFault(error);
			}
		};
		try {
			record = open();
		} catch (error) {
			onFault(error);
		}
		return {
			began: atMs => tell(to => to.began(atMs)),
			updated: update => tell(to => to.updated(update)),
			reset: atMs => tell(to => to.reset(atMs)),
			ended: outcome => tell(to => to.ended(outcome)),
		};
	};
	return {
		open: session => guard(() => recorder.open(session)),
		openUpload: upload => guard(() => recorder.openUpload(upload)),
	};
}
