import {SAMPLE_RATE_HZ} from './audio-source.js';
import type {SpeechRun} from './speech-segments.js';
import {WINDOW_SAMPLES} from './voice-activity.js';

/** Speech begins at the one probability and lasts until it falls below the other (Silero's own example). */
const SPEECH_FROM = 0.5;
const SPEECH_UNTIL = 0.35;

/** Gaps below 0.1 s belong to a word; what is shorter than 0.06 s is a click. */
const SHORTEST_GAP_SAMPLES = 0.1 * SAMPLE_RATE_HZ;
const SHORTEST_RUN_SAMPLES = 0.06 * SAMPLE_RATE_HZ;

/** A track between two calls, as data that can be cloned. */
export interface SpeechTrackState {
	/** Sample that the first window begins with. */
	readonly firstSample: number;
	readonly probabilities: Float32Array;
	/** Whether each window is speech, 0 or 1. */
	readonly speech: Uint8Array;
}

/** Where somebody speaks in the newest part of a stream, as far back as it may be asked for. */
export class SpeechTrack {
	#firstSample: number;
	#probabilities: number[];
	#speech: boolean[];
	#isSpeech: boolean;

	/** @param state - to go on from. */
	constructor(state?: SpeechTrackState) {
		this.#firstSample = state?.firstSample ?? 0;
		this.#probabilities = [...(state?.probabilities ?? [])];
		this.#speech = Array.from(state?.speech ?? [], Boolean);
		this.#isSpeech = this.#speech.at(-1) ?? false;
	}

	/** Takes the probability of speech of each next window. */
	push(probabilities: Float32Array): void {
		for (const probability of probabilities) {
			this.#isSpeech = probability >= SPEECH_FROM || (this.#isSpeech && probability >= SPEECH_UNTIL);
			this.#probabilities.push(probability);
			this.#speech.push(this.#isSpeech);
		}
	}

	/** Speech within a span, ordered; runs are whole windows that lie in it altogether. */
	runs(fromSample: number, toSample: number): SpeechRun[] {
		const first = Math.max(0, Math.ceil((fromSample - this.#firstSample) / WINDOW_SAMPLES));
		const end = Math.min(this.#speech.length, Math.floor((toSample - this.#firstSample) / WINDOW_SAMPLES));
		const runs: {startSample: number; endSample: number}[] = [];
		for (let window = first; window < end; window++) {
			if (!this.#speech[window]!) continue;
			const startSample = this.#firstSample + window * WINDOW_SAMPLES;
			const endSample = startSample + WINDOW_SAMPLES;
			const last = runs.at(-1);
			if (last !== undefined && startSample - last.endSample < SHORTEST_GAP_SAMPLES)
				last.endSample = endSample;
			else runs.push({startSample, endSample});
		}
		return runs.filter(run => run.endSample - run.startSample >= SHORTEST_RUN_SAMPLES);
	}

	/** Mean probability of speech in runs, 0..1; 0 without runs. */
	meanProbability(runs: readonly SpeechRun[]): number {
		let sum = 0;
		let count = 0;
		for (const {startSample, endSample} of runs) {
			const first = (startSample - this.#firstSample) / WINDOW_SAMPLES;
			const end = (endSample - this.#firstSample) / WINDOW_SAMPLES;
			for (let window = first; window < end; window++) sum += this.#probabilities[window]!;
			count += end - first;
		}
		return count === 0 ? 0 : sum / count;
	}

	/** Forgets windows that end before a sample, but for the newest: whether it was speech decides about the next. */
	discardBefore(sample: number): void {
		const wanted = Math.floor((sample - this.#firstSample) / WINDOW_SAMPLES);
		const surplus = Math.min(wanted, this.#speech.length - 1);
		if (surplus <= 0) return;
		this.#probabilities.splice(0, surplus);
		this.#speech.splice(0, surplus);
		this.#firstSample += surplus * WINDOW_SAMPLES;
	}

	/** A copy. */
	state(): SpeechTrackState {
		return {
			firstSample: this.#firstSample,
			probabilities: Float32Array.from(this.#probabilities),
			speech: Uint8Array.from(this.#speech, Number),
		};
	}
}
