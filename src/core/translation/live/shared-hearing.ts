import type {SampleHistory} from '../../audio/sample-history.js';
import type {CallOptions, CallTurn} from '../../models/decoding/call-options.js';
import type {LiveSearchRequest, LiveSearchResult} from '../../models/whisper/live-search-request.js';
import type {HeardAudio, WhisperModel} from '../../models/whisper/whisper-model.js';

/** What looking cost the model. */
export interface LookCost {
	/** Encoded, 20 ms each. */
	readonly frames: number;
	/** Decoded, prompts included. */
	readonly tokens: number;
}

/** Audio that was heard, to be asked any number of questions until the look is over. */
export interface Hearing {
	detectLanguage(): Promise<ReadonlyMap<string, number>>;
	search(request: LiveSearchRequest): Promise<LiveSearchResult>;
}

/**
 * What the writers of a session hear in one look. Captions and a translation of the same audio share its encoding, and
 * where both are captions, as in English to English, the text too.
 */
export class SharedHearing {
	readonly #model: WhisperModel;
	readonly #history: SampleHistory;
	readonly #options: CallOptions;
	readonly #heard = new Map<string, HeardAudio>();
	readonly #found = new Map<string, LiveSearchResult>();
	#frames = 0;
	#tokens = 0;
	#turn: CallTurn = {waitMs: 0};

	constructor(model: WhisperModel, history: SampleHistory, options: CallOptions) {
		this.#model = model;
		this.#history = history;
		this.#options = {...options, onTurn: turn => this.#note(turn)};
	}

	get cost(): LookCost {
		return {frames: this.#frames, tokens: this.#tokens};
	}

	/** How the look was served: all waits together, and the last batch. */
	get turn(): CallTurn {
		return this.#turn;
	}

	/** Hears a span of samples followed by silence. */
	async hear(startSample: number, endSample: number, silenceMs: number): Promise<Hearing> {
		const key = `${startSample} ${endSample} ${silenceMs}`;
		let audio = this.#heard.get(key);
		if (audio === undefined) {
			const samples = this.#history.view(startSample, endSample);
			audio = await this.#model.hear(samples, silenceMs, this.#options);
			this.#heard.set(key, audio);
			this.#frames += Math.min(1500, Math.ceil(samples.length / 320) + Math.ceil(silenceMs / 20));
		}
		return {
			detectLanguage: () => this.#model.detectLanguage(audio, this.#options),
			search: request => this.#search(`${key} ${JSON.stringify(request)}`, audio, request),
		};
	}

	/** Gives the audio back. */
	close(): void {
		for (const audio of this.#heard.values()) this.#model.release(audio);
		this.#heard.clear();
	}

	#note({waitMs, batch = this.#turn.batch, batchSize = 1}: CallTurn): void {
		this.#turn = {
			waitMs: this.#turn.waitMs + waitMs,
			...(batch !== undefined && {batch, batchSize: Math.max(batchSize, this.#turn.batchSize ?? 1)}),
		};
	}

	async #search(key: string, audio: HeardAudio, request: LiveSearchRequest): Promise<LiveSearchResult> {
		const known = this.#found.get(key);
		if (known !== undefined) return known;
		const result = await this.#model.searchLive(audio, request, {...this.#options, keep: true});
		this.#found.set(key, result);
		this.#tokens += request.prompt.length + result.tokens.length;
		return result;
	}
}
