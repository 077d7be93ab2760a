import {splitPython} from '../../../core/scoring/python-whitespace.js';
import type {SessionEvent} from '../../../core/session/session-event.js';
import {addUnits, type TextUnit} from './text-units.js';

export interface UnitDelay {
	readonly text: string;
	/** Of the unit's stretch, audio that had been taken in when it was written, ms. */
	readonly delayMs: number;
	/** Wall time from when the stretch's first audio was spoken to then, ms; less than `delayMs` if it came faster. */
	readonly elapsedMs: number;
	/** Which segment of the session it belongs to. */
	readonly segment: number;
}

export interface SegmentPlace {
	readonly segment: number;
	/** Within the stretch. */
	readonly startMs: number;
	readonly endMs: number;
}

/** What was said up to one end of file. */
export interface StretchDelays {
	readonly units: readonly UnitDelay[];
	readonly segments: readonly SegmentPlace[];
	/** Audio of the stretch, ms. */
	readonly sourceMs: number;
}

interface OpenStretch {
	/** Of the session's audio, ms. */
	readonly startMs: number;
	/** When its first audio was spoken; undefined until some came. */
	beganAtMs: number | undefined;
	units: UnitDelay[];
	/** Whether white space came behind the last unit. */
	isClosed: boolean;
	readonly segments: Map<number, {startMs: number; endMs: number}>;
	/** Audio listened to, ms from the session's first sample. */
	heardMs: number;
}

export interface DelayLogOptions {
	/** Which of the session's texts. */
	readonly target: string;
	readonly unit: TextUnit;
	/** Audio of the session that was over when the log began, ms. */
	readonly startMs: number;
	/** Wall time, ms. */
	readonly nowMs: () => number;
}

/** Notes how late each unit of a session was. A unit counts from when it was complete. */
export class DelayLog {
	/** Which of the session's texts. */
	readonly target: string;
	readonly unit: TextUnit;
	readonly #nowMs: () => number;
	#done: StretchDelays[] = [];
	#open: OpenStretch;

	constructor({target, unit, startMs, nowMs}: DelayLogOptions) {
		this.unit = unit;
		this.target = target;
		this.#nowMs = nowMs;
		this.#open = beginStretch(startMs);
	}

	/** In order; the one that is open last, unless nothing was heard in it. */
	get stretches(): readonly StretchDelays[] {
		const open = toDelays(this.#open);
		return open.sourceMs > 0 || open.units.length > 0 ? [...this.#done, open] : this.#done;
	}

	/** So much audio came at once: whoever speaks began to when its first sample was spoken, not when it was sent. */
	noteAudio(durationMs: number): void {
		this.#open.beganAtMs ??= this.#nowMs() - durationMs;
	}

	/** Everything is forgotten: the session has begun again. */
	clear(): void {
		this.#done = [];
		this.#open = beginStretch(0);
	}

	note(event: SessionEvent): void {
		switch (event.type) {
			case 'text-final':
				if (event.target === this.target) this.#addText(event);
				return;
			case 'segment-ended':
				if (event.target === this.target) this.#place(event);
				return;
			case 'lag-measured':
				this.#open.heardMs = event.audioMs;
				return;
			case 'stretch-ended':
			case 'session-ended':
				this.#open.heardMs = event.audioMs;
				this.#done.push(toDelays(this.#open));
				this.#open = beginStretch(event.audioMs);
				return;
			case 'text-partial':
			case 'language-detected':
			case 'warning-raised':
				return;
		}
	}

	#addText(event: {text: string; segment: number; startMs: number; endMs: number; audioMs: number}): void {
		const stretch = this.#open;
		const when = {
			delayMs: event.audioMs - stretch.startMs,
			elapsedMs: stretch.beganAtMs === undefined ? 0 : this.#nowMs() - stretch.beganAtMs,
		};
		const {grown, added} = addUnits(
			this.unit,
			{last: stretch.units.at(-1)?.text, isClosed: stretch.isClosed},
			event.text,
		);
		if (grown !== undefined) {
			const {segment} = stretch.units.pop()!;
			stretch.units.push({text: grown, segment, ...when});
		}
		for (const text of added) stretch.units.push({text, segment: event.segment, ...when});
		if (event.text !== '') stretch.isClosed = splitPython(event.text.slice(-1)).length === 0;
		stretch.heardMs = Math.max(stretch.heardMs, event.audioMs);
		this.#place(event);
	}

	#place({segment, startMs, endMs}: {segment: number; startMs: number; endMs: number}): void {
		const stretch = this.#open;
		const known = stretch.segments.get(segment);
		stretch.segments.set(segment, {
			startMs: Math.min(known?.startMs ?? Infinity, startMs - stretch.startMs),
			endMs: Math.max(known?.endMs ?? 0, endMs - stretch.startMs),
		});
	}
}

function beginStretch(startMs: number): OpenStretch {
	return {startMs, beganAtMs: undefined, units: [], isClosed: true, segments: new Map(), heardMs: startMs};
}

function toDelays({startMs, units, segments, heardMs}: OpenStretch): StretchDelays {
	return {
		units: [...units],
		segments: [...segments].map(([segment, place]) => ({segment, ...place})),
		sourceMs: heardMs - startMs,
	};
}
