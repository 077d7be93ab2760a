import type {WhisperDescription} from '../../models/whisper/whisper-description.js';
import type {SessionEvent} from '../../session/session-event.js';
import {LanguageTracker} from '../whisper/language-tracker.js';
import type {Hearing} from './shared-hearing.js';

/** A doubtful first language waits for more speech, up to this much. */
const SURE_PROBABILITY = 0.7;
const WAIT_FOR_SPEECH_MS = 4000;

/** What is known when a window is asked for its language. */
export interface LanguageQuestion {
	readonly startMs: number;
	readonly speechMs: number;
	readonly audioMs: number;
	/** No more speech comes: there must be an answer. */
	readonly isLast: boolean;
}

export interface LiveLanguageOptions {
	readonly description: WhisperDescription;
	/** A code, or `auto`. */
	readonly sourceLanguage: string;
	/** The language so far, of an earlier run. */
	readonly current: string | undefined;
	readonly emit: (event: SessionEvent) => void;
}

/** Says which language is spoken, window by window. */
export class LiveLanguage {
	readonly #options: LiveLanguageOptions;
	readonly #fixed: string | undefined;
	readonly #tracker: LanguageTracker;

	constructor(options: LiveLanguageOptions) {
		const {description, sourceLanguage, current} = options;
		this.#options = options;
		// An English-only model has no languages to choose from.
		const isMultilingual = Object.keys(description.languageTokens).length > 0;
		this.#fixed = !isMultilingual ? 'en' : sourceLanguage === 'auto' ? undefined : sourceLanguage;
		this.#tracker = new LanguageTracker(current);
	}

	/** Whether there is nothing to find. */
	get isFixed(): boolean {
		return this.#fixed !== undefined;
	}

	get current(): string | undefined {
		return this.#fixed ?? this.#tracker.current;
	}

	/** @returns undefined while it is better to hear more first. */
	async find(heard: Hearing, {startMs, speechMs, isLast}: LanguageQuestion): Promise<string | undefined> {
		if (this.#fixed !== undefined) return this.#fixed;
		const probabilities = await heard.detectLanguage();
		const best = Math.max(...probabilities.values());
		const isFirst = this.#tracker.current === undefined;
		const isDoubtful = isFirst && best < SURE_PROBABILITY && speechMs < WAIT_FOR_SPEECH_MS;
		if (isDoubtful && !isLast) return undefined;
		// A word, or music, at the very beginning must not decide about the speech that follows.
		const tracker = isDoubtful ? new LanguageTracker() : this.#tracker;
		const {language, probability, isNew} = tracker.observe(probabilities, speechMs);
		if (isNew) this.#options.emit({type: 'language-detected', language, probability, startMs});
		return language;
	}
}
