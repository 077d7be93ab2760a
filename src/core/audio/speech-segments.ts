import {InfinisstError} from '../errors.js';
import {SAMPLE_RATE_HZ} from './audio-source.js';
import {WINDOW_SAMPLES} from './voice-activity.js';

/** Whisper hears 30 s; the last second is left as silence, without which it tends to loop. */
export const LONGEST_SEGMENT_MS = 29_000;

const SHORTEST_LIMIT_MS = 1000;

/** Speech begins at the one probability and lasts until it falls below the other (Silero's own example). */
const SPEECH_FROM = 0.5;
const SPEECH_UNTIL = 0.35;

/** Gaps below 0.1 s belong to a word; a gap of this many windows (0.128 s) is the first that does not. */
const GAP_WINDOWS = 4;

/** Anything shorter than 0.06 s is a click: two windows are 0.064 s. */
const SHORTEST_RUN_WINDOWS = 2;

/**
 * Quiet consonants begin before the detector rises and end after it falls; beyond that Whisper does better
 * with the sound of the room around the speech than with digital silence (docs/quality.md, choices).
 */
const PADDING_BEFORE_SAMPLES = 1 * SAMPLE_RATE_HZ;
const PADDING_AFTER_SAMPLES = 1 * SAMPLE_RATE_HZ;

/** Share of a pause too short for both paddings that goes to the speech before it. */
const SHARE_AFTER = 0.6;

/** A cut through speech leaves at least this much behind it: 0.16 s. */
const REMAINING_WINDOWS = 5;

/** How many dB a window may be louder for each 0.1 its probability is lower, where a word must be cut. */
const DECIBEL_PER_TENTH = 1.5;

/** Half-open span of samples from the start of the recording in which somebody speaks. */
export interface SpeechRun {
	readonly startSample: number;
	readonly endSample: number;
}

/** A stretch to recognise at once: speech, the pauses in it and a little around it. */
export interface SpeechSegment {
	/** First sample, counted from the start of the recording. */
	readonly startSample: number;
	/** Sample after the last. */
	readonly endSample: number;
	/** Where in it speech was found; ordered, at least one. */
	readonly runs: readonly SpeechRun[];
	/**
	 * Mean probability of speech in the runs, 0..1. Over a second of clear speech has 0.9 or more, speech as
	 * loud as the noise around it 0.8; what music and noise let through lies below 0.82.
	 */
	readonly speechProbability: number;
}

export interface SpeechSegmenterOptions {
	/** No segment is longer. 1000 to {@link LONGEST_SEGMENT_MS}. @default 29000 */
	readonly maxSegmentMs?: number;
	/** A pause of this length always ends a segment. At least 500. @default 1500 */
	readonly endPauseMs?: number;
	/**
	 * Segments with a mean probability below this are dropped. At 0.65 noise and music lose most of what they
	 * let through, and of isolated quarters of a second of clear speech fewer than 5 in 100 are lost. @default 0.65
	 */
	readonly minSpeechProbability?: number;
}

/** In windows; the end is the window after the last. */
interface WindowRun {
	readonly start: number;
	end: number;
}

/** What is known of one window. */
interface WindowLevel {
	readonly probability: number;
	/** Mean square of its samples. */
	readonly power: number;
}

/**
 * Cuts speech into segments while its probabilities come in. Holds the levels of one segment at most.
 *
 * A segment ends at a pause of `endPauseMs`. When it reaches `maxSegmentMs` before, it is cut at the pause
 * with the largest product of length and distance from its start; in speech without a pause where its second
 * half is quietest.
 */
export class SpeechSegmenter {
	readonly #maxSamples: number;
	readonly #endPauseWindows: number;
	readonly #minSpeechProbability: number;
	/** Windows seen so far. */
	#windows = 0;
	#isSpeech = false;
	/** Levels from {@link #levelsFrom} on, as far back as a cut could still be made. */
	readonly #levels: WindowLevel[] = [];
	#levelsFrom = 0;
	/** Complete runs of the segment that is open. */
	#runs: WindowRun[] = [];
	/** The run that may go on: no gap has ended it yet. */
	#openRun: WindowRun | undefined;
	/** Sample at which the last segment ended; the next begins there at the earliest. */
	#doneSamples = 0;
	/** Sample of a cut through speech: the run after it begins there and not at its window. */
	#cutSample = 0;

	/** @throws {InfinisstError} `OPTION_INVALID` for lengths out of range. */
	constructor({
		maxSegmentMs = LONGEST_SEGMENT_MS,
		endPauseMs = 1500,
		minSpeechProbability = 0.65,
	}: SpeechSegmenterOptions = {}) {
		if (!(maxSegmentMs >= SHORTEST_LIMIT_MS && maxSegmentMs <= LONGEST_SEGMENT_MS)) {
			throw new InfinisstError('OPTION_INVALID', `Segments of at most ${maxSegmentMs} ms are not possible`, {
				hint: `Give a length from ${SHORTEST_LIMIT_MS} to ${LONGEST_SEGMENT_MS} ms.`,
			});
		}
		if (!(endPauseMs >= 500)) {
			throw new InfinisstError('OPTION_INVALID', `A pause of ${endPauseMs} ms cannot end a segment`, {
				hint: 'Give at least 500 ms.',
			});
		}
		this.#maxSamples = Math.floor((maxSegmentMs * SAMPLE_RATE_HZ) / 1000);
		this.#endPauseWindows = Math.ceil((endPauseMs * SAMPLE_RATE_HZ) / 1000 / WINDOW_SAMPLES);
		this.#minSpeechProbability = minSpeechProbability;
	}

	/** Samples before this one are in no segment to come. */
	get neededFromSample(): number {
		const first = this.#runs[0] ?? this.#openRun;
		return first === undefined
			? Math.max(this.#doneSamples, this.#windows * WINDOW_SAMPLES - PADDING_BEFORE_SAMPLES)
			: this.#startSample(first);
	}

	/**
	 * Takes the next window.
	 *
	 * @param probability - of speech, 0..1.
	 * @param power - mean square of its samples.
	 * @returns segments that are decided by it, mostly none.
	 */
	push(probability: number, power: number): SpeechSegment[] {
		const window = this.#windows++;
		this.#levels.push({probability, power});
		this.#isSpeech = probability >= SPEECH_FROM || (this.#isSpeech && probability >= SPEECH_UNTIL);
		if (this.#isSpeech) {
			this.#openRun ??= {start: window, end: window};
			this.#openRun.end = window + 1;
		} else if (this.#openRun !== undefined && window + 1 - this.#openRun.end >= GAP_WINDOWS) {
			this.#closeRun();
		}

		const segments: SpeechSegment[] = [];
		while (this.#openRun !== undefined && this.#isTooLong(this.#openRun))
			segments.push(this.#cut(this.#openRun));
		const last = this.#runs.at(-1);
		if (
			last !== undefined &&
			this.#openRun === undefined &&
			this.#windows - last.end >= this.#endPauseWindows
		)
			segments.push(this.#finish(this.#windows * WINDOW_SAMPLES));
		this.#forgetLevels();
		return this.#withoutDoubtful(segments);
	}

	/**
	 * Ends the recording.
	 *
	 * @param totalSamples - its length; the last window may reach over it.
	 */
	flush(totalSamples: number): SpeechSegment[] {
		this.#closeRun();
		return this.#runs.length === 0 ? [] : this.#withoutDoubtful([this.#finish(totalSamples)]);
	}

	#withoutDoubtful(segments: SpeechSegment[]): SpeechSegment[] {
		return segments.filter(({speechProbability}) => speechProbability >= this.#minSpeechProbability);
	}

	/** Whether the open segment, ended now, would exceed the limit. */
	#isTooLong(openRun: WindowRun): boolean {
		return openRun.end * WINDOW_SAMPLES - this.neededFromSample > this.#maxSamples;
	}

	#closeRun(): void {
		const run = this.#openRun;
		this.#openRun = undefined;
		if (run !== undefined && run.end - run.start >= SHORTEST_RUN_WINDOWS) this.#runs.push(run);
	}

	/** The whole open segment, at the end of a long pause or of the recording. */
	#finish(endOfAudio: number): SpeechSegment {
		const runs = this.#runs;
		this.#runs = [];
		const padded = runs.at(-1)!.end * WINDOW_SAMPLES + PADDING_AFTER_SAMPLES;
		return this.#emit(runs, Math.min(padded, endOfAudio));
	}

	/** Ends the segment, which has reached the limit, at the best place; what lies behind stays open. */
	#cut(openRun: WindowRun): SpeechSegment {
		const runs = [...this.#runs, openRun];
		const startSample = this.#startSample(runs[0]!);
		let best = 0;
		let bestScore = 0;
		for (let index = 1; index < runs.length; index++) {
			// A long pause early against a short one late: neither tiny segments nor cuts within a phrase.
			const score = pauseBefore(runs, index) * (runs[index]!.start * WINDOW_SAMPLES - startSample);
			if (score < bestScore) continue;
			best = index;
			bestScore = score;
		}
		if (best > 0) {
			const pauseStart = runs[best - 1]!.end * WINDOW_SAMPLES;
			const share = Math.floor(pauseBefore(runs, best) * WINDOW_SAMPLES * SHARE_AFTER);
			this.#runs = runs.slice(best, -1);
			return this.#emit(runs.slice(0, best), pauseStart + Math.min(PADDING_AFTER_SAMPLES, share));
		}
		const middle = Math.ceil((startSample + this.#maxSamples / 2) / WINDOW_SAMPLES);
		const window = this.#quietestWindow(middle, openRun.end - REMAINING_WINDOWS);
		this.#openRun = {start: window, end: openRun.end};
		const segment = this.#emit([{start: openRun.start, end: window + 1}], middleOf(window));
		this.#cutSample = segment.endSample;
		return segment;
	}

	/** Smoothed over three windows, so that a closed consonant in a loud word is not taken for its end. */
	#quietestWindow(from: number, until: number): number {
		let best = from;
		let leastCost = Infinity;
		for (let window = from; window < until; window++) {
			let power = 0;
			for (let near = window - 1; near <= window + 1; near++) power += this.#level(near)?.power ?? 0;
			const {probability} = this.#level(window)!;
			const cost = 10 * Math.log10(power + Number.EPSILON) + 10 * DECIBEL_PER_TENTH * probability;
			if (cost <= leastCost) {
				leastCost = cost;
				best = window;
			}
		}
		return best;
	}

	#emit(windowRuns: readonly WindowRun[], endSample: number): SpeechSegment {
		const startSample = this.#startSample(windowRuns[0]!);
		const end = Math.min(endSample, startSample + this.#maxSamples);
		const runs = windowRuns.map(run => ({
			startSample: this.#runStartSample(run),
			endSample: Math.min(run.end * WINDOW_SAMPLES, end),
		}));
		let sum = 0;
		let count = 0;
		for (const run of windowRuns) {
			for (let window = run.start; window < run.end; window++, count++)
				sum += this.#level(window)!.probability;
		}
		this.#doneSamples = end;
		return {startSample, endSample: end, runs, speechProbability: sum / count};
	}

	#startSample(first: WindowRun): number {
		return Math.max(this.#doneSamples, first.start * WINDOW_SAMPLES - PADDING_BEFORE_SAMPLES);
	}

	#runStartSample(run: WindowRun): number {
		return this.#isCut(run) ? this.#cutSample : run.start * WINDOW_SAMPLES;
	}

	#isCut(run: WindowRun): boolean {
		return run.start * WINDOW_SAMPLES < this.#cutSample;
	}

	#level(window: number): WindowLevel | undefined {
		return this.#levels[window - this.#levelsFrom];
	}

	#forgetLevels(): void {
		const needed = (this.#runs[0] ?? this.#openRun)?.start ?? this.#windows;
		// One window more, for the smoothing; not one by one, because each time moves all the others.
		const spare = needed - 1 - this.#levelsFrom;
		if (spare < 256) return;
		this.#levels.splice(0, spare);
		this.#levelsFrom += spare;
	}
}

/** Length in windows of the pause that ends with the run at `index`. */
function pauseBefore(runs: readonly WindowRun[], index: number): number {
	return runs[index]!.start - runs[index - 1]!.end;
}

function middleOf(window: number): number {
	return window * WINDOW_SAMPLES + WINDOW_SAMPLES / 2;
}
