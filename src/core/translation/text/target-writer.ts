import type {SessionEvent} from '../../session/session-event.js';
import {SegmentText, EMPTY_SEGMENT_TEXT, type SegmentTextState} from '../live/segment-text.js';
import {glossaryOf} from './settle-glossary.js';
import {NO_SOURCE, SourceTurns, type SourceTurnsState} from './source-turns.js';
import type {SourceWord, TextTranslation, TextTranslationChange, TextTranslator} from './text-translator.js';

/** A target's text between two turns; plain data. */
export interface TargetWriterState {
	readonly translation: unknown;
	readonly turns: SourceTurnsState;
	readonly segments: SegmentTextState;
	/** Said and not yet told as the source of a final. */
	readonly untold: readonly SourceWord[];
	readonly finalMs: number;
	readonly spokenLanguage: string;
}

export interface TargetWriterOptions {
	readonly target: string;
	/** A code, or `auto` until it is known. */
	readonly spokenLanguage: string;
	/** What the speech model writes for it: events of this target are translated. */
	readonly heard: string;
	readonly open: (state: unknown) => ReturnType<TextTranslator['open']>;
	readonly partials: boolean;
	readonly words: boolean;
}

/** Writes one target of a session by translating what became final of another. */
export class TargetWriter {
	readonly #options: TargetWriterOptions;
	readonly #translation: TextTranslation;
	readonly #turns: SourceTurns;
	readonly #segments: SegmentText;
	#untold: readonly SourceWord[];
	#events: SessionEvent[] = [];
	#spokenLanguage: string;
	#finalMs: number;

	constructor(options: TargetWriterOptions, state?: TargetWriterState) {
		this.#options = options;
		this.#spokenLanguage = state?.spokenLanguage ?? options.spokenLanguage;
		this.#translation = options.open(state?.translation);
		this.#turns = new SourceTurns(state?.turns ?? NO_SOURCE);
		this.#untold = state?.untold ?? [];
		this.#finalMs = state?.finalMs ?? 0;
		this.#segments = new SegmentText(options.target, state?.segments ?? EMPTY_SEGMENT_TEXT, {
			withWords: options.words,
			emit: event => this.#emit(event),
		});
	}

	get state(): TargetWriterState {
		return {
			translation: this.#translation.checkpoint(),
			turns: this.#turns.state,
			segments: this.#segments.state,
			untold: this.#untold,
			finalMs: this.#finalMs,
			spokenLanguage: this.#spokenLanguage,
		};
	}

	/** Everything before is final, as far as was told by the last {@link write}. */
	get finalMs(): number {
		return this.#finalMs;
	}

	change({glossary, ...change}: TextTranslationChange): void {
		this.#translation.change({
			...change,
			...(glossary && {glossary: glossaryOf(this.#options.target, glossary)}),
		});
	}

	/** Takes note of what the speech model wrote, in its order. */
	hear(event: SessionEvent): void {
		switch (event.type) {
			case 'text-final':
				if (event.target !== this.#options.heard) return;
				this.#turns.push(event.words ?? [event]);
				this.#untold = [...this.#untold, ...(event.words ?? [event]).map(toSourceWord)];
				break;
			case 'segment-ended':
				if (event.target !== this.#options.heard) return;
				this.#spokenLanguage = event.sourceLanguage;
				this.#turns.endSegment();
				break;
			case 'language-detected':
				this.#spokenLanguage = event.language;
				break;
			case 'stretch-ended':
			case 'session-ended':
				this.#turns.end();
				break;
			case 'text-partial':
			case 'lag-measured':
			case 'warning-raised':
		}
	}

	/**
	 * Translates what was heard since the last time.
	 *
	 * @param audioMs - how far was listened. @param finalMs - before which all that was heard is final.
	 */
	async write(
		{audioMs, finalMs}: {readonly audioMs: number; readonly finalMs: number},
		signal: AbortSignal,
	): Promise<readonly SessionEvent[]> {
		const turn = this.#turns.take(audioMs);
		if (turn !== undefined) {
			const {words, tail} = await this.#translation.translate(turn, signal);
			const look = {audioMs, language: this.#options.target, sourceLanguage: this.#spokenLanguage};
			// What was final before stays so: no word may end before it, wherever its source was.
			const placed = words.map(word => {
				const startMs = Math.min(Math.max(word.startMs, this.#segments.state.endMs), audioMs);
				return {...word, startMs, endMs: Math.min(Math.max(word.endMs, startMs, this.#finalMs), audioMs)};
			});
			this.#segments.add(placed, look);
			if (turn.closes) {
				this.#untold = [];
				this.#segments.end(audioMs);
			}
			if (this.#options.partials) {
				this.#segments.suggest(tail, look, Math.min(this.#turns.state.endMs, audioMs));
			}
		}
		const isOpen = this.#turns.state.isOpen;
		this.#finalMs = Math.max(this.#finalMs, isOpen ? this.#segments.state.endMs : finalMs);
		return this.#events.splice(0);
	}

	close(): void {
		this.#translation.close();
	}

	#emit(event: SessionEvent): void {
		if (event.type !== 'text-final') {
			this.#events.push(event);
			return;
		}
		const told = this.#untold.filter(({startMs}) => startMs < event.endMs);
		this.#untold = this.#untold.filter(({startMs}) => startMs >= event.endMs);
		const sourceText = told
			.map(({text}) => text)
			.join('')
			.trim();
		this.#events.push({...event, ...(sourceText !== '' && {sourceText})});
	}
}

function toSourceWord({text, startMs, endMs}: SourceWord): SourceWord {
	return {text, startMs, endMs};
}
