import type {DecodeTask, NextToken, RowOutput} from '../decoding/batch-decoder.js';
import type {DecoderSource} from '../decoding/decoder-source.js';
import {findAttendedFrame} from './attended-frame.js';
import type {LiveSearchEnd, LiveSearchRequest, LiveSearchResult} from './live-search-request.js';
import {findLoop} from './loop-guard.js';
import {probabilityOf, TokenRules} from './token-rules.js';
import type {WhisperDescription} from './whisper-description.js';

/** Nobody says so many tokens in so short a time (0.2 s): the model writes from memory, mostly what it wrote before. */
const STALLED_TOKENS = 10;
const STALLED_FRAMES = 10;

/**
 * Goes on greedily from settled text, and finds where in the audio each token was read (AlignAtt: Papi et al. 2023,
 * arXiv 2305.11408).
 *
 * At the end of the audio the model sometimes reads again what it has read: attention jumps back, and the tokens
 * from there on are refused.
 */
export class LiveSearch implements DecodeTask {
	readonly source;
	readonly prompt;
	readonly wanted;
	readonly maxRows = 1;
	readonly withAlignment = true;
	readonly #request: LiveSearchRequest;
	readonly #description: WhisperDescription;
	readonly #isPunctuation: (token: number) => boolean;
	readonly #rules: TokenRules;
	readonly #limit: number;
	readonly #settled: readonly number[];
	readonly #tokens: number[] = [];
	readonly #frames: number[] = [];
	readonly #logProbabilities: number[] = [];
	#furthestFrame: number;
	#noSpeechProbability = 0;
	#end: LiveSearchEnd = 'end-of-text';
	#refused: number | undefined;

	constructor(
		audio: DecoderSource,
		request: LiveSearchRequest,
		description: WhisperDescription,
		isPunctuation: (token: number) => boolean,
	) {
		const {prompt, settled, maxTokens} = request;
		this.source = audio;
		this.prompt = prompt;
		this.#request = request;
		this.#description = description;
		this.#isPunctuation = isPunctuation;
		this.#rules = new TokenRules(description, {withTimestamps: false});
		this.#settled = prompt.slice(prompt.length - settled);
		this.#limit = Math.min(maxTokens - settled, description.dimensions.maxTokens - prompt.length - 1);
		this.#furthestFrame = request.furthestFrame;
		this.wanted = [prompt.indexOf(description.specialTokens.startOfTranscript), prompt.length - 1];
	}

	/** To be read when the task is finished. */
	get result(): LiveSearchResult {
		const sum = this.#logProbabilities.reduce((total, value) => total + value, 0);
		return {
			tokens: this.#tokens,
			frames: this.#frames,
			logProbabilities: this.#logProbabilities,
			averageLogProbability: sum / Math.max(1, this.#logProbabilities.length),
			noSpeechProbability: this.#noSpeechProbability,
			end: this.#end,
			refused: this.#refused,
		};
	}

	begin({logits: [start, last], alignment}: RowOutput): readonly NextToken[] {
		this.#noSpeechProbability = probabilityOf(start!, this.#description.specialTokens.noSpeech);
		return this.#limit <= 0 ? this.#finish('too-long') : this.#choose(last!, alignment!);
	}

	advance([output]: readonly RowOutput[]): readonly NextToken[] {
		return this.#choose(output!.logits[0]!, output!.alignment!);
	}

	#choose(logits: Float32Array, alignment: readonly Float32Array[]): readonly NextToken[] {
		const {audioFrames, rewindFrames, endFrame = Infinity} = this.#request;
		const written = [...this.#settled, ...this.#tokens];
		const {best: token, logSumExp} = this.#rules.apply(logits, written);
		if (token === this.#description.specialTokens.endOfText) return this.#finish('end-of-text');
		let frame = findAttendedFrame(alignment, audioFrames);
		if (written.length > 0) {
			// Punctuation is read from anywhere: it must not look like a rewind.
			if (this.#isPunctuation(token)) frame = Math.max(frame, this.#furthestFrame);
			if (frame < this.#furthestFrame - rewindFrames) return this.#finish('rewind', token);
		}
		this.#tokens.push(token);
		this.#frames.push(frame);
		this.#logProbabilities.push(logits[token]! - logSumExp);
		this.#furthestFrame = Math.max(this.#furthestFrame, frame);
		if (this.#isStalled()) {
			this.#drop(STALLED_TOKENS);
			return this.#finish('stall');
		}
		if (findLoop([...written, token]) > 0) return this.#finish('loop');
		if (this.#tokens.length >= this.#limit) return this.#finish('too-long');
		if (frame >= endFrame) return this.#finish('end-frame');
		return [{parent: 0, token}];
	}

	/** Whether more was read from one place than can be said there. */
	#isStalled(): boolean {
		const last = this.#frames.slice(-STALLED_TOKENS);
		return last.length === STALLED_TOKENS && Math.max(...last) - Math.min(...last) <= STALLED_FRAMES;
	}

	#drop(count: number): void {
		for (const list of [this.#tokens, this.#frames, this.#logProbabilities]) list.length -= count;
	}

	#finish(end: LiveSearchEnd, refused?: number): readonly NextToken[] {
		this.#end = end;
		this.#refused = refused;
		return [];
	}
}
