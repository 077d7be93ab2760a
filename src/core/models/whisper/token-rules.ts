import {logSumExp, type TokenRange} from '../decoding/logits.js';
import type {SpecialTokens, WhisperDescription} from './whisper-description.js';

/** Timestamps are 20 ms apart. */
const TIMESTAMP_STEP_MS = 20;

/** The first timestamp lies at most 1 s into the window (`max_initial_timestamp`, Radford et al. 2022, section 4.5). */
const MAX_INITIAL_TIMESTAMP = 1000 / TIMESTAMP_STEP_MS;

/** Which tokens may come next, and how likely they are. */
export interface AllowedTokens {
	readonly ranges: readonly TokenRange[];
	/** The most likely of them. */
	readonly best: number;
	/** Natural logarithm of the sum of exponentials over all allowed tokens. */
	readonly logSumExp: number;
}

/**
 * The rules of what Whisper may write next, as the reference applies them: listed symbols never, some not
 * first, and timestamps, where they are written, in pairs and in order.
 */
export class TokenRules {
	readonly #tokens: SpecialTokens;
	readonly #suppress: readonly number[];
	readonly #beginSuppress: readonly number[];
	readonly #withTimestamps: boolean;

	constructor(
		{specialTokens, suppressTokens, beginSuppressTokens}: WhisperDescription,
		{withTimestamps}: {readonly withTimestamps: boolean},
	) {
		this.#tokens = specialTokens;
		this.#suppress = suppressTokens;
		this.#beginSuppress = beginSuppressTokens;
		this.#withTimestamps = withTimestamps;
	}

	/**
	 * @param logits - overwritten: what is forbidden becomes -Infinity.
	 * @param written - tokens written so far, without the prompt.
	 */
	apply(logits: Float32Array, written: readonly number[]): AllowedTokens {
		for (const id of this.#suppress) logits[id] = -Infinity;
		if (written.length === 0) for (const id of this.#beginSuppress) logits[id] = -Infinity;
		const {endOfText} = this.#tokens;
		// What lies between the end of text and the timestamps steers the model and is never written.
		const text: TokenRange = {from: 0, to: endOfText + 1};
		const timestamps = this.#timestampRange(logits.length, written);
		if (timestamps === undefined) return allow(logits, [text]);
		if (written.length === 0) return allow(logits, [timestamps]);
		// After the timestamp that ends a phrase comes the one that begins the next, or the end.
		const others = this.#isOpenPair(written) ? {from: endOfText, to: endOfText + 1} : text;
		const onlyTimestamps = allow(logits, [timestamps]);
		if (onlyTimestamps.logSumExp > logits[mostLikely(logits, [others])]!) return onlyTimestamps;
		return allow(logits, [others, timestamps]);
	}

	#isTimestamp(id: number | undefined): boolean {
		return id !== undefined && id >= this.#tokens.timestampBegin;
	}

	/** True when the last token is a timestamp that ends a phrase: its partner has yet to come. */
	#isOpenPair(written: readonly number[]): boolean {
		return written.length >= 2 && this.#isTimestamp(written.at(-1)) && !this.#isTimestamp(written.at(-2));
	}

	#timestampRange(vocabularySize: number, written: readonly number[]): TokenRange | undefined {
		if (!this.#withTimestamps) return undefined;
		const {timestampBegin} = this.#tokens;
		if (written.length === 0) return {from: timestampBegin, to: timestampBegin + MAX_INITIAL_TIMESTAMP + 1};
		if (this.#isTimestamp(written.at(-1)) && !this.#isOpenPair(written)) return undefined;
		const last = written.findLast(id => this.#isTimestamp(id));
		if (last === undefined) return {from: timestampBegin, to: vocabularySize};
		// A phrase may begin where the one before ended, but none is empty.
		return {from: this.#isOpenPair(written) ? last : last + 1, to: vocabularySize};
	}
}

function allow(logits: Float32Array, ranges: readonly TokenRange[]): AllowedTokens {
	const best = mostLikely(logits, ranges);
	return {ranges, best, logSumExp: logSumExp(logits, ranges, logits[best]!)};
}

function mostLikely(logits: Float32Array, ranges: readonly TokenRange[]): number {
	let best = ranges[0]!.from;
	let largest = -Infinity;
	for (const {from, to} of ranges) {
		for (let id = from; id < to; id++) {
			if (logits[id]! > largest) {
				largest = logits[id]!;
				best = id;
			}
		}
	}
	return best;
}

/**
 * Draws an allowed token.
 *
 * @param temperature - above 0; 1 draws from the model's own distribution.
 * @param draw - uniform in 0..1.
 */
export function sample(
	logits: Float32Array,
	{ranges, best}: AllowedTokens,
	temperature: number,
	draw: number,
): number {
	const largest = logits[best]!;
	const weight = (id: number): number => Math.exp((logits[id]! - largest) / temperature);
	let total = 0;
	for (const {from, to} of ranges) for (let id = from; id < to; id++) total += weight(id);
	let rest = draw * total;
	let last = ranges[0]!.from;
	for (const {from, to} of ranges) {
		for (let id = from; id < to; id++) {
			if (logits[id] === -Infinity) continue;
			rest -= weight(id);
			last = id;
			if (rest <= 0) return id;
		}
	}
	return last;
}

/** Probability of one token over the whole vocabulary, nothing forbidden. */
export function probabilityOf(logits: Float32Array, id: number): number {
	return Math.exp(logits[id]! - allow(logits, [{from: 0, to: logits.length}]).logSumExp);
}

/** Offset from the beginning of the window that a timestamp token stands for. */
export function timestampMs(id: number, {timestampBegin}: SpecialTokens): number {
	return (id - timestampBegin) * TIMESTAMP_STEP_MS;
}
