import {describe, expect, it} from 'vitest';
import {
	SpeechSegmenter,
	type SpeechRun,
	type SpeechSegment,
	type SpeechSegmenterOptions,
} from '../../../../src/core/audio/speech-segments.js';
import {WINDOW_SAMPLES} from '../../../../src/core/audio/voice-activity.js';

const WINDOWS_PER_SECOND = 16_000 / WINDOW_SAMPLES;

/** Speech (`s`) and silence of so many seconds, rounded to windows. */
function probabilitiesOf(...stretches: readonly (readonly ['speech' | 'silence', number])[]): number[] {
	return stretches.flatMap(([kind, seconds]) =>
		new Array<number>(Math.round(seconds * WINDOWS_PER_SECOND)).fill(kind === 'speech' ? 0.95 : 0.02),
	);
}

function segment(
	probabilities: readonly number[],
	{powers, ...options}: SpeechSegmenterOptions & {readonly powers?: readonly number[]} = {},
): SpeechSegment[] {
	const segmenter = new SpeechSegmenter(options);
	const segments = probabilities.flatMap((probability, window) => {
		const found = segmenter.push(probability, powers?.[window] ?? probability / 100);
		return found;
	});
	return [...segments, ...segmenter.flush(probabilities.length * WINDOW_SAMPLES)];
}

function seconds({startSample, endSample}: SpeechRun): [number, number] {
	return [startSample / 16_000, endSample / 16_000];
}

/** Runs by the definition: hysteresis, gaps below 0.1 s joined, what is then shorter than 0.06 s dropped. */
function findRuns(probabilities: readonly number[]): SpeechRun[] {
	const joined: {startSample: number; endSample: number}[] = [];
	let isSpeech = false;
	for (const [window, probability] of probabilities.entries()) {
		isSpeech = probability >= (isSpeech ? 0.35 : 0.5);
		if (!isSpeech) continue;
		const startSample = window * WINDOW_SAMPLES;
		const last = joined.at(-1);
		if (last !== undefined && startSample - last.endSample < 1600)
			last.endSample = startSample + WINDOW_SAMPLES;
		else joined.push({startSample, endSample: startSample + WINDOW_SAMPLES});
	}
	return joined.filter(run => run.endSample - run.startSample >= 960);
}

/** Numbers in 0..1 that are the same in every run of the tests. */
function createRandom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}

/** Stretches of talk, chatter at the thresholds, clicks and silence, in random lengths. */
function randomProbabilities(random: () => number): number[] {
	const probabilities: number[] = [];
	while (probabilities.length < 4000) {
		const [base, spread, longest] = [
			[0.9, 0.1, 200],
			[0.9, 0.1, 1200],
			[0.3, 0.4, 60],
			[0.02, 0.05, 40],
			[0.02, 0.05, 8],
			[0.02, 0.05, 150],
			[0.6, 0.4, 2],
		][Math.floor(random() * 7)]!;
		const length = 1 + Math.floor(random() * longest!);
		for (let window = 0; window < length; window++)
			probabilities.push(Math.min(1, base! + spread! * random()));
	}
	return probabilities;
}

describe('SpeechSegmenter', () => {
	it('finds nothing in silence and drops a click', () => {
		expect(segment(probabilitiesOf(['silence', 5]))).toEqual([]);
		expect(segment(probabilitiesOf(['silence', 1], ['speech', 0.032], ['silence', 1]))).toEqual([]);
	});

	it('keeps 1 s before and after speech, but not beyond the recording', () => {
		const inside = segment(probabilitiesOf(['silence', 1.28], ['speech', 1.28], ['silence', 1.28]));
		expect(inside.map(seconds)).toEqual([[0.28, 3.56]]);
		expect(inside[0]!.runs.map(seconds)).toEqual([[1.28, 2.56]]);
		expect(segment(probabilitiesOf(['speech', 1.28])).map(seconds)).toEqual([[0, 1.28]]);
	});

	it('ends a segment at a long pause, as soon as the pause is long enough', () => {
		const segmenter = new SpeechSegmenter({endPauseMs: 1500});
		const emittedAt = probabilitiesOf(['speech', 1.28], ['silence', 3]).flatMap((probability, window) =>
			segmenter.push(probability, 0).map(() => (window + 1) / WINDOWS_PER_SECOND),
		);
		expect(emittedAt).toEqual([1.28 + 1.504]);
	});

	it('keeps speech across shorter pauses together', () => {
		const segments = segment(probabilitiesOf(['speech', 1.28], ['silence', 0.96], ['speech', 1.28]));
		expect(segments.map(({runs}) => runs.length)).toEqual([2]);
	});

	it('joins gaps below 0.1 s and leaves longer ones', () => {
		const gapOf = (length: number): number =>
			segment(probabilitiesOf(['speech', 0.64], ['silence', length], ['speech', 0.64]))[0]!.runs.length;
		expect(gapOf(0.096)).toBe(1);
		expect(gapOf(0.128)).toBe(2);
	});

	it('cuts at the longest pause near the limit', () => {
		const probabilities = probabilitiesOf(
			['speech', 3.2],
			['silence', 0.64],
			['speech', 4.8],
			['silence', 0.64],
			['speech', 0.64],
			['silence', 0.16],
			['speech', 4.8],
		);
		const [first, second] = segment(probabilities, {maxSegmentMs: 10_000});
		// From 8.64 to 9.28 s, shared out.
		expect(seconds(first!)).toEqual([0, 9.024]);
		expect(seconds(second!)[0]).toBe(9.024);
	});

	it('shares out a pause that is too short for the padding of both neighbours', () => {
		const probabilities = probabilitiesOf(['speech', 8], ['silence', 0.32], ['speech', 4.8]);
		const [first, second] = segment(probabilities, {maxSegmentMs: 10_000});
		expect(seconds(first!)[1]).toBeCloseTo(8 + 0.6 * 0.32, 6);
		expect(seconds(second!)[0]).toBe(seconds(first!)[1]);
	});

	it('cuts speech without a pause where it is quietest', () => {
		const probabilities = probabilitiesOf(['silence', 12.8], ['speech', 16]);
		const powers = probabilities.map((_, window) => (window >= 630 && window <= 632 ? 1e-4 : 1e-2));
		const [first, second] = segment(probabilities, {maxSegmentMs: 10_000, powers});
		expect(first!.endSample).toBe(631.5 * WINDOW_SAMPLES);
		expect(second!.startSample).toBe(first!.endSample);
		expect(second!.runs[0]!.startSample).toBe(first!.endSample);
	});

	it('drops what it doubts', () => {
		const doubtful = probabilitiesOf(['silence', 1], ['speech', 1], ['silence', 1]).map(
			value => value * 0.65,
		);
		expect(segment(doubtful)).toEqual([]);
		expect(segment(doubtful, {minSpeechProbability: 0.6})).toHaveLength(1);
	});

	it('tells how sure it is', () => {
		expect(segment(probabilitiesOf(['speech', 1]))[0]!.speechProbability).toBeCloseTo(0.95, 6);
	});

	it.each([999, 29_001, Number.NaN])('refuses segments of at most %d ms', maxSegmentMs => {
		expect(() => new SpeechSegmenter({maxSegmentMs})).toThrow(
			expect.objectContaining({code: 'OPTION_INVALID'}),
		);
	});

	it.each(Array.from({length: 60}, (_, seed) => seed))(
		'keeps order and limit and covers all speech, whatever is said (seed %i)',
		seed => {
			const random = createRandom(seed);
			const probabilities = randomProbabilities(random);
			const options = {
				maxSegmentMs: 1000 + Math.floor(random() * 28_000),
				endPauseMs: 500 + random() * 2000,
				minSpeechProbability: 0,
			};
			const segments = segment(probabilities, options);
			const totalSamples = probabilities.length * WINDOW_SAMPLES;
			let done = 0;
			for (const {startSample, endSample, runs} of segments) {
				expect(startSample).toBeGreaterThanOrEqual(done);
				expect(endSample).toBeGreaterThan(startSample);
				expect(endSample).toBeLessThanOrEqual(totalSamples);
				expect(endSample - startSample).toBeLessThanOrEqual(options.maxSegmentMs * 16);
				let spoken = startSample;
				for (const run of runs) {
					expect(run.startSample).toBeGreaterThanOrEqual(spoken);
					expect(run.endSample).toBeGreaterThan(run.startSample);
					spoken = run.endSample;
				}
				expect(spoken).toBeLessThanOrEqual(endSample);
				done = endSample;
			}
			// Cut runs, put together again, are the runs there are.
			const spoken: {startSample: number; endSample: number}[] = [];
			for (const run of segments.flatMap(({runs}) => runs)) {
				if (spoken.at(-1)?.endSample === run.startSample) spoken.at(-1)!.endSample = run.endSample;
				else spoken.push({...run});
			}
			expect(spoken).toEqual(findRuns(probabilities));
		},
	);

	it('needs no more audio than one segment', () => {
		const segmenter = new SpeechSegmenter({maxSegmentMs: 5000});
		let most = 0;
		for (const [window, probability] of randomProbabilities(createRandom(1)).entries()) {
			segmenter.push(probability, 0);
			most = Math.max(most, (window + 1) * WINDOW_SAMPLES - segmenter.neededFromSample);
		}
		// A pause of at most 1.5 s may follow a full segment.
		expect(most).toBeLessThanOrEqual(6500 * 16);
	});
});
