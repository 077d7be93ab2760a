import type {SessionEvent} from '../../session/session-event.js';
import {endsSentence} from '../sentence-end.js';
import type {TimedWord} from '../translation-event.js';

/** A sentence ends its segment once the segment is this long: shorter ones are read together with the next. */
const SENTENCE_FROM_MS = 2000;

/** Segments of speech without pause or full stop end here: about what is read at once as a subtitle of two lines. */
const LONGEST_MS = 12_000;

/** The segment that is being written. */
export interface OpenSegment {
	readonly startMs: number;
	readonly endMs: number;
	readonly text: string;
	readonly words: readonly TimedWord[];
	readonly language: string;
	readonly sourceLanguage: string;
}

/** The text of one target between two looks; plain data. */
export interface SegmentTextState {
	readonly segment: number;
	readonly open: OpenSegment | undefined;
	/** What was last told as likely to follow. */
	readonly partial: string;
	/** Where the last final ended. */
	readonly endMs: number;
}

export const EMPTY_SEGMENT_TEXT: SegmentTextState = {segment: 0, open: undefined, partial: '', endMs: 0};

interface Look {
	readonly audioMs: number;
	/** Written, and spoken. */
	readonly language: string;
	readonly sourceLanguage: string;
}

/** Tells the text of one target as events: finals, what may follow, and where segments end. */
export class SegmentText {
	readonly #target: string;
	readonly #withWords: boolean;
	readonly #emit: (event: SessionEvent) => void;
	#state: SegmentTextState;

	constructor(
		target: string,
		state: SegmentTextState,
		{withWords, emit}: {readonly withWords: boolean; readonly emit: (event: SessionEvent) => void},
	) {
		this.#target = target;
		this.#state = state;
		this.#withWords = withWords;
		this.#emit = emit;
	}

	get state(): SegmentTextState {
		return this.#state;
	}

	/** Settles words; those of one segment become one event. */
	add(words: readonly TimedWord[], look: Look): void {
		let fresh: TimedWord[] = [];
		for (const word of words) {
			const startMs = Math.max(word.startMs, this.#state.endMs);
			const placed = {...word, startMs, endMs: Math.max(word.endMs, startMs)};
			fresh.push(placed);
			const {open} = this.#state;
			const isSame = open?.language === look.language && open.sourceLanguage === look.sourceLanguage;
			if (open !== undefined && !isSame) this.end(look.audioMs);
			const before = this.#state.open;
			this.#state = {
				...this.#state,
				endMs: placed.endMs,
				open: {
					startMs: before?.startMs ?? placed.startMs,
					endMs: placed.endMs,
					text: (before?.text ?? '') + placed.text,
					words: this.#withWords ? [...(before?.words ?? []), placed] : [],
					language: look.language,
					sourceLanguage: look.sourceLanguage,
				},
			};
			if (this.#isLongEnough(placed)) {
				this.#emitFinal(fresh, look);
				fresh = [];
				this.end(look.audioMs);
			}
		}
		if (fresh.length > 0) this.#emitFinal(fresh, look);
	}

	/** Tells what is likely to follow; nothing if that is what was told. */
	suggest(text: string, look: Look, endMs: number): void {
		if (text === this.#state.partial) return;
		this.#state = {...this.#state, partial: text};
		this.#emit({
			type: 'text-partial',
			target: this.#target,
			language: look.language,
			segment: this.#state.segment,
			startMs: this.#state.endMs,
			endMs: Math.max(this.#state.endMs, endMs),
			audioMs: look.audioMs,
			text,
		});
	}

	/** Ends the open segment, if there is one. */
	end(audioMs: number): void {
		const {open, segment} = this.#state;
		if (open === undefined) return;
		this.#state = {...this.#state, open: undefined, segment: segment + 1};
		const {words, text, ...rest} = open;
		this.#emit({
			type: 'segment-ended',
			target: this.#target,
			segment,
			...rest,
			audioMs,
			text: text.trim(),
			...(this.#withWords && {words}),
		});
	}

	#isLongEnough({text}: TimedWord): boolean {
		const {startMs, endMs} = this.#state.open!;
		const durationMs = endMs - startMs;
		return durationMs >= LONGEST_MS || (durationMs >= SENTENCE_FROM_MS && endsSentence(text));
	}

	#emitFinal(words: readonly TimedWord[], {audioMs, language}: Look): void {
		// What was told to follow is settled or void now; whoever looks next tells it anew.
		this.#state = {...this.#state, partial: ''};
		this.#emit({
			type: 'text-final',
			target: this.#target,
			language,
			segment: this.#state.segment,
			startMs: words[0]!.startMs,
			endMs: words.at(-1)!.endMs,
			audioMs,
			text: words.map(({text}) => text).join(''),
			...(this.#withWords && {words}),
		});
	}
}
