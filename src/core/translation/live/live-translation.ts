import {SAMPLE_RATE_HZ} from '../../audio/audio-source.js';
import {levelDecibels} from '../../audio/level.js';
import {SampleHistory} from '../../audio/sample-history.js';
import {SpeechTrack, type SpeechTrackState} from '../../audio/speech-track.js';
import {
	WINDOW_SAMPLES,
	type VoiceActivityDetector,
	type VoiceActivityState,
	type VoiceActivityStream,
} from '../../audio/voice-activity.js';
import type {LatencyMultiplier, PolicyName} from '../../engine/engine.js';
import type {CallTurn} from '../../models/decoding/call-options.js';
import type {WhisperModel} from '../../models/whisper/whisper-model.js';
import type {SessionEvent} from '../../session/session-event.js';
import {findPolicy} from '../policy/find-policy.js';
import {spareSettings, latencySettings, type LatencySettings} from '../policy/latency-settings.js';
import {LiveLanguage} from './live-language.js';
import {SharedHearing, type LookCost} from './shared-hearing.js';
import {beginWriter, WindowWriter, type Look, type WindowWriterState} from './window-writer.js';

/**
 * Audio is taken in pieces of this length, 256 ms: a pause is noticed that soon, and voice activity costs a third of
 * what it does window by window (docs/performance.md).
 */
export const TICK_SAMPLES = 8 * WINDOW_SAMPLES;

/** While nobody speaks a session still says how far it is, this often. */
const REPORT_SAMPLES = SAMPLE_RATE_HZ;

/** Of a long prompt the end counts, as in the reference: half of the decoder's positions, less what windows need. */
const MAX_PROMPT_TOKENS = 190;

export interface LiveTranslationOptions {
	readonly sourceLanguage: string;
	readonly targets: readonly string[];
	readonly latencyMultiplier: LatencyMultiplier;
	readonly policy: PolicyName;
	readonly partials: boolean;
	readonly words: boolean;
	readonly prompt: string | undefined;
	/** In place of the multiplier's, for measurements. */
	readonly settings?: Partial<LatencySettings>;
}

/** A session between two ticks; plain data. */
export interface LiveTranslationState {
	/** Audio before this was listened to. */
	readonly heardSample: number;
	readonly reportedSample: number;
	readonly latencyMultiplier: LatencyMultiplier;
	readonly activity: VoiceActivityState;
	readonly track: SpeechTrackState;
	readonly language: string | undefined;
	readonly writers: readonly WindowWriterState[];
}

/** How the next piece of audio shall be listened to. */
export interface TickOptions {
	/** Look so many times more seldom. @default 1 */
	readonly stepFactor?: number;
	/** Do with less, because others wait. @default false */
	readonly isSparing?: boolean;
	/** As in `CallOptions` of the model. */
	readonly deadlineMs?: number;
}

export interface LiveTranslationParts {
	readonly model: WhisperModel;
	readonly detector: VoiceActivityDetector;
	/** Counts what was guarded against. */
	readonly guard: (name: string) => void;
	/** Gives up the session. */
	readonly signal: AbortSignal;
}

/** What a tick brought. */
export interface TickResult {
	/** Texts and languages, in order. */
	readonly events: readonly SessionEvent[];
	/** Audio that was listened to. */
	readonly heardSample: number;
	/** Everything before this is final. */
	readonly finalSample: number;
	readonly levelDecibels: number;
	readonly cost: LookCost;
	readonly turn: CallTurn;
	/** Whether there is anything to tell. */
	readonly isWorthTelling: boolean;
}

/**
 * One speaker, live. Audio comes in pieces of any length; the text depends on the audio alone, because it is looked
 * at in ticks of {@link TICK_SAMPLES} counted from the begin.
 */
export class LiveTranslation {
	readonly #options: LiveTranslationOptions;
	readonly #parts: LiveTranslationParts;
	readonly #activity: VoiceActivityStream;
	readonly #track: SpeechTrack;
	readonly #history: SampleHistory;
	readonly #language: LiveLanguage;
	readonly #writers: readonly WindowWriter[];
	#latencyMultiplier: LatencyMultiplier;
	#heardSample: number;
	#reportedSample: number;
	#events: SessionEvent[] = [];

	private constructor(
		options: LiveTranslationOptions,
		parts: LiveTranslationParts,
		prompt: readonly number[],
		state: LiveTranslationState | undefined,
	) {
		const emit = (event: SessionEvent): void => void this.#events.push(event);
		this.#options = options;
		this.#parts = parts;
		this.#latencyMultiplier = state?.latencyMultiplier ?? options.latencyMultiplier;
		this.#heardSample = state?.heardSample ?? 0;
		this.#reportedSample = state?.reportedSample ?? 0;
		this.#activity = parts.detector.stream(state?.activity);
		this.#track = new SpeechTrack(state?.track);
		const writers = state?.writers ?? options.targets.map(beginWriter);
		this.#history = new SampleHistory(Math.min(...writers.map(({windowStart}) => windowStart)));
		this.#language = new LiveLanguage({
			description: parts.model.description,
			sourceLanguage: options.sourceLanguage,
			current: state?.language,
			emit,
		});
		const writerParts = {
			model: parts.model,
			policy: findPolicy(options.policy),
			track: this.#track,
			language: this.#language,
			prompt,
			partials: options.partials,
			words: options.words,
			emit,
			guard: parts.guard,
		};
		this.#writers = writers.map(writer => new WindowWriter(writerParts, writer));
	}

	/** @param state - to go on from, with the audio from {@link firstSample} on. */
	static async open(
		options: LiveTranslationOptions,
		parts: LiveTranslationParts,
		state?: LiveTranslationState,
	): Promise<LiveTranslation> {
		const prompt =
			options.prompt === undefined ? [] : await parts.model.tokenize(` ${options.prompt.trim()}`);
		return new LiveTranslation(options, parts, prompt.slice(-MAX_PROMPT_TOKENS), state);
	}

	/** Audio before this is not needed any more. */
	get firstSample(): number {
		return Math.min(...this.#writers.map(({state}) => state.windowStart));
	}

	/** Audio before this was taken. */
	get endSample(): number {
		return this.#history.endSample;
	}

	/** Audio before this was listened to. */
	get heardSample(): number {
		return this.#heardSample;
	}

	set latencyMultiplier(multiplier: LatencyMultiplier) {
		this.#latencyMultiplier = multiplier;
	}

	/** A copy, to be taken between two ticks. */
	state(): LiveTranslationState {
		return {
			heardSample: this.#heardSample,
			reportedSample: this.#reportedSample,
			latencyMultiplier: this.#latencyMultiplier,
			activity: this.#activity.state(),
			track: this.#track.state(),
			language: this.#language.current,
			writers: this.#writers.map(({state}) => state),
		};
	}

	/** Takes audio, to be listened to by {@link tick} and {@link finish}. */
	push(samples: Float32Array): void {
		this.#history.append(samples);
	}

	/** Listens to the next {@link TICK_SAMPLES}, which must be there. */
	async tick(options: TickOptions = {}): Promise<TickResult> {
		const sample = this.#heardSample + TICK_SAMPLES;
		return this.#look(await this.#activity.push(this.#history.view(this.#heardSample, sample)), {
			...options,
			sample,
			isLast: false,
		});
	}

	/**
	 * Listens up to `sample`, which must be less than {@link TICK_SAMPLES} away, and makes everything before it final.
	 *
	 * @param isOver - no more audio comes.
	 */
	async finish(sample: number, isOver: boolean, options: TickOptions = {}): Promise<TickResult> {
		const heard = await this.#activity.push(this.#history.view(this.#heardSample, sample));
		const rest = isOver ? await this.#activity.flush() : [];
		return this.#look(Float32Array.of(...heard, ...rest), {...options, sample, isLast: true});
	}

	async #look(
		probabilities: Float32Array,
		{
			sample,
			isLast,
			stepFactor = 1,
			isSparing = false,
			deadlineMs,
		}: TickOptions & Pick<Look, 'sample' | 'isLast'>,
	): Promise<TickResult> {
		const from = this.#heardSample;
		const {model, signal} = this.#parts;
		this.#track.push(probabilities);
		this.#heardSample = sample;
		const given = {...latencySettings(this.#latencyMultiplier), ...this.#options.settings};
		const settings = {...(isSparing ? spareSettings(given) : given), stepMs: given.stepMs * stepFactor};
		const hearing = new SharedHearing(model, this.#history, {signal, deadlineMs});
		try {
			for (const writer of this.#writers) await writer.look({sample, isLast, settings, hearing});
		} finally {
			hearing.close();
		}
		const events = this.#events;
		this.#events = [];
		const isWorthTelling = events.length > 0 || isLast || sample - this.#reportedSample >= REPORT_SAMPLES;
		if (isWorthTelling) this.#reportedSample = sample;
		const level = levelDecibels(this.#history.view(from, sample));
		this.#track.discardBefore(this.firstSample);
		this.#history.discardBefore(this.firstSample);
		return {
			events,
			heardSample: sample,
			finalSample: Math.min(...this.#writers.map(({finalSample}) => finalSample)),
			levelDecibels: level,
			cost: hearing.cost,
			turn: hearing.turn,
			isWorthTelling,
		};
	}
}
