import type {HeardAudio, WhisperModel} from '../../models/whisper/whisper-model.js';
import type {SessionEvent} from '../../session/session-event.js';
import {LanguageTracker} from '../whisper/language-tracker.js';

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
	readonly model: WhisperModel;
	/** A code, or `auto`. */
	readonly sourceLanguage: string;
	/** The language so far, of an earlier run. */
	readonly current: string | undefined;
	readonly emit: (event: SessionEvent) => void;
	readonly signal: AbortSignal;
}

/** Says which language is spoken, window by window. */
export class LiveLanguage {
	readonly #options: LiveLanguageOptions;
	readonly #fixed: string | undefined;
	readonly #tracker: LanguageTracker;

	constructor(options: LiveLanguageOptions) {
		const {model, sourceLanguage, current} = options;
		this.#options = options;
		// An English-only model has no languages to choose from.
		const isMultilingual = Object.keys(model.description.languageTokens).length > 0;
		this.#fixed = !isMultilingual ? 'en' : sourceLanguage === 'auto' ? undefined : sourceLanguage;
		this.#tracker = new LanguageTracker(current);
	}

	get current(): string | undefined {
		return this.#fixed ?? this.#tracker.current;
	}

	/** @returns undefined while it is better to hear more first. */
	async find(heard: HeardAudio, {startMs, speechMs, isLast}: LanguageQuestion): Promise<string | undefined> {
		if (this.#fixed !== undefined) return this.#fixed;
		const {model, emit, signal} = this.#options;
		const probabilities = await model.detectLanguage(heard, {signal});
		const best = Math.max(...probabilities.values());
		const isFirst = this.#tracker.current === undefined;
		if (isFirst && !isLast && best < SURE_PROBABILITY && speechMs < WAIT_FOR_SPEECH_MS) return undefined;
		const {language, probability, isNew} = this.#tracker.observe(probabilities, speechMs);
		if (isNew) emit({type: 'language-detected', language, probability, startMs});
		return language;
	}
}
