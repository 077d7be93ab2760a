/** Width of the median filter over time, frames of 20 ms (OpenAI's `timing.py`). */
const MEDIAN_WIDTH = 7;

const HALF_WIDTH = (MEDIAN_WIDTH - 1) / 2;

/**
 * Frame that a token was read from: where the attention of the alignment heads, smoothed over time and averaged, is
 * strongest (AlignAtt: Papi et al. 2023, arXiv 2305.11408, section 3).
 *
 * @param heads - attention of each head over the frames.
 * @param frames - of real audio; the silence behind it is not looked at. At least 1.
 */
export function findAttendedFrame(heads: readonly Float32Array[], frames: number): number {
	const sum = new Float32Array(frames);
	for (const head of heads) addMedians(head, frames, sum);
	let best = 0;
	for (let frame = 1; frame < frames; frame++) if (sum[frame]! > sum[best]!) best = frame;
	return best;
}

/** Adds the running median of `source` to `target`; beyond the edges the value at the edge goes on. */
function addMedians(source: Float32Array, frames: number, target: Float32Array): void {
	const window = new Float32Array(MEDIAN_WIDTH);
	// Sorted, then kept sorted while it slides: one value leaves, one comes.
	for (let offset = -HALF_WIDTH; offset <= HALF_WIDTH; offset++) {
		insert(window, offset + HALF_WIDTH, at(source, offset, frames));
	}
	target[0] = target[0]! + window[HALF_WIDTH]!;
	for (let frame = 1; frame < frames; frame++) {
		const leaving = at(source, frame - HALF_WIDTH - 1, frames);
		const coming = at(source, frame + HALF_WIDTH, frames);
		if (leaving !== coming) {
			let place = 0;
			while (window[place] !== leaving) place++;
			for (; place > 0 && window[place - 1]! > coming; place--) window[place] = window[place - 1]!;
			for (; place < MEDIAN_WIDTH - 1 && window[place + 1]! < coming; place++)
				window[place] = window[place + 1]!;
			window[place] = coming;
		}
		target[frame] = target[frame]! + window[HALF_WIDTH]!;
	}
}

function at(source: Float32Array, frame: number, frames: number): number {
	return source[Math.min(Math.max(frame, 0), frames - 1)]!;
}

/** Puts a value among the first `length`, which are in order. */
function insert(window: Float32Array, length: number, value: number): void {
	let place = length;
	for (; place > 0 && window[place - 1]! > value; place--) window[place] = window[place - 1]!;
	window[place] = value;
}
