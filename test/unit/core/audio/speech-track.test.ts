import {describe, expect, it} from 'vitest';
import {SpeechTrack} from '../../../../src/core/audio/speech-track.js';
import {WINDOW_SAMPLES} from '../../../../src/core/audio/voice-activity.js';
import {createRandom} from '../../../../src/core/util/random.js';

/** A track of windows that are speech where there is an x, and silence elsewhere. */
function trackOf(picture: string): SpeechTrack {
	const track = new SpeechTrack();
	track.push(Float32Array.from(picture, mark => (mark === 'x' ? 0.9 : 0.1)));
	return track;
}

/** Runs as pairs of windows, the second not included. */
function windowsOf(track: SpeechTrack, from = 0, to = Infinity): number[][] {
	const limit = to === Infinity ? to : to * WINDOW_SAMPLES;
	return track
		.runs(from * WINDOW_SAMPLES, limit)
		.map(({startSample, endSample}) => [startSample / WINDOW_SAMPLES, endSample / WINDOW_SAMPLES]);
}

describe('SpeechTrack', () => {
	it.each([
		['nothing', '', []],
		['silence', '.....', []],
		['speech up to the newest window', '..xxxx', [[2, 6]]],
		['runs with a pause between', 'xxx....xx', [[0, 3], [7, 9]]], // prettier-ignore
		['a gap of 96 ms as part of a word', 'xxx...xx', [[0, 8]]],
		['clicks of 32 ms as nothing', '..x.....x..', []],
		['clicks next to one another as speech', '..x.x..', [[2, 5]]],
	])('finds %s', (_title, picture, expected) => {
		expect(windowsOf(trackOf(picture))).toEqual(expected);
	});

	it('begins speech at 0.5 and ends it below 0.35, across calls too', () => {
		const probabilities = [0.49, 0.5, 0.36, 0.4, 0.36, 0.34, 0.49, 0.49, 0.49, 0.49];
		const whole = new SpeechTrack();
		whole.push(Float32Array.from(probabilities));
		expect(windowsOf(whole)).toEqual([[1, 5]]);
		const single = new SpeechTrack();
		for (const probability of probabilities) single.push(Float32Array.of(probability));
		expect(windowsOf(single)).toEqual([[1, 5]]);
	});

	it('gives whole windows of the span that was asked for', () => {
		const track = trackOf('xxxxxxxxxx');
		expect(windowsOf(track, 2.5, 7.5)).toEqual([[3, 7]]);
		expect(windowsOf(track, 2, 7)).toEqual([[2, 7]]);
		expect(windowsOf(track, 8, 100)).toEqual([[8, 10]]);
		expect(windowsOf(track, 9, 10)).toEqual([]);
	});

	it('averages the probability of runs over their windows', () => {
		const track = new SpeechTrack();
		track.push(Float32Array.of(0.5, 0.7, 0.1, 0.1, 0.1, 0.1, 0.9, 0.9));
		expect(track.meanProbability(track.runs(0, Infinity))).toBeCloseTo(3 / 4, 6);
		expect(track.meanProbability([])).toBe(0);
	});

	it('keeps what lies behind a sample when it forgets what lies before', () => {
		const track = trackOf('xx....xxxx....xx');
		const newest = windowsOf(track, 7);
		track.discardBefore(7 * WINDOW_SAMPLES + 1);
		expect(windowsOf(track, 7)).toEqual(newest);
		expect(windowsOf(track)).toEqual([[7, 10], [14, 16]]); // prettier-ignore
		expect(track.meanProbability(track.runs(0, Infinity))).toBeCloseTo(0.9, 6);
		track.discardBefore(0);
		expect(windowsOf(track, 7)).toEqual(newest);
	});

	it('goes on from a state as if it were the same track, whatever was forgotten', () => {
		const random = createRandom(1);
		const track = new SpeechTrack();
		let copy = new SpeechTrack();
		for (let windows = 0; windows < 600;) {
			const next = Float32Array.from({length: Math.floor(random() * 9)}, () => random() * 0.7);
			track.push(next);
			copy.push(next);
			windows += next.length;
			// A session that was flushed needs nothing of what it has heard.
			const from = Math.max(0, windows - Math.floor(random() * 3) * 40) * WINDOW_SAMPLES;
			track.discardBefore(from);
			copy.discardBefore(from);
			copy = new SpeechTrack(structuredClone(copy.state()));
			expect(copy.runs(from, Infinity)).toEqual(track.runs(from, Infinity));
		}
	});

	it('gives a state that later calls do not change', () => {
		const track = trackOf('xx');
		const state = track.state();
		track.push(Float32Array.of(0.9));
		expect(state.speech).toHaveLength(2);
		expect(state.probabilities).toHaveLength(2);
	});
});
