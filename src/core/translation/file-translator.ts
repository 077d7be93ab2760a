import type {AudioSource} from '../audio/audio-source.js';
import type {TranslationEvent} from './translation-event.js';

export interface FileTranslationOptions {
	/** Language spoken, a Whisper code such as `de`, or `auto` to detect it. */
	readonly sourceLanguage: string;
	/** `transcribe` writes the spoken language, `translate` writes English. */
	readonly task: 'transcribe' | 'translate';
	/** 1 is greedy. @default 1 */
	readonly beamSize?: number;
	/** 0..1; above 0 texts are drawn, and `beamSize` is of no meaning. What is doubtful is drawn anyway. @default 0 */
	readonly temperature?: number;
	/** Text that sets names, spelling and style. */
	readonly prompt?: string;
	/**
	 * Prompt each segment with the text of the one before it. Segments are then decoded one by one.
	 * @default false
	 */
	readonly previousText?: boolean;
	/** Let the model write timestamps while it decodes. @default false */
	readonly timestamps?: boolean;
	/** Also time every word. @default false */
	readonly words?: boolean;
	/** Also give the tokens of each segment. @default false */
	readonly tokens?: boolean;
	/** Fires to stop; the iteration then throws `signal.reason`. */
	readonly signal?: AbortSignal;
}

/** Translates recordings with one loaded model. Recordings may be translated one after another. */
export interface FileTranslator {
	/**
	 * Events in the order of the audio, each as soon as it is known.
	 *
	 * @param audio - owned by the translator once the result is iterated: read to its end or cancelled.
	 */
	translate(audio: AudioSource, options: FileTranslationOptions): AsyncIterable<TranslationEvent>;
	/** Waits for a running translation, then frees the model. Idempotent. */
	close(): Promise<void>;
}
