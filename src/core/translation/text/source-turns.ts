import {endsSentence} from '../sentence-end.js';
import type {SourceTurn, SourceWord} from './text-translator.js';

/**
 * Silence after which nobody waits for the rest of a sentence: what is open is translated to its end. Speakers breathe
 * within sentences for half a second and more, so it is longer than the pause that ends a segment of captions.
 */
const SILENCE_MS = 1500;

/** Words on their way into turns, between two turns; plain data. */
export interface SourceTurnsState {
	/** Some of what was said is not known to be translated to its end. */
	readonly isOpen: boolean;
	/** Where the last word ended, and whether it ended a sentence. */
	readonly endMs: number;
	readonly endsSentence: boolean;
}

export const NO_SOURCE: SourceTurnsState = {isOpen: false, endMs: 0, endsSentence: false};

/** Says when a translator of text gets its next words, and when it must come to an end. Depends on the text alone. */
export class SourceTurns {
	readonly #words: SourceWord[] = [];
	#state: SourceTurnsState;
	#closes = false;

	constructor(state: SourceTurnsState = NO_SOURCE) {
		this.#state = state;
	}

	/** To be asked for when no turn is due. */
	get state(): SourceTurnsState {
		return this.#state;
	}

	/** Takes words that are final. */
	push(words: readonly SourceWord[]): void {
		const last = words.at(-1);
		if (last === undefined) return;
		this.#words.push(...words);
		this.#state = {isOpen: true, endMs: last.endMs, endsSentence: endsSentence(last.text.trim())};
		this.#closes = false;
	}

	/** The speaker paused, or the text has grown long. */
	endSegment(): void {
		this.#closes ||= this.#state.isOpen && this.#state.endsSentence;
	}

	/** Everything up to here shall become final, whether a sentence ends or not. */
	end(): void {
		this.#closes = this.#state.isOpen;
	}

	/** @param audioMs - how far was listened. @returns what is due, if anything is. */
	take(audioMs: number): SourceTurn | undefined {
		if (this.#state.isOpen && audioMs - this.#state.endMs >= SILENCE_MS) this.#closes = true;
		const words = this.#words.splice(0);
		const closes = this.#closes;
		this.#closes = false;
		if (closes) this.#state = {...this.#state, isOpen: false};
		return words.length > 0 || closes ? {words, closes} : undefined;
	}
}
