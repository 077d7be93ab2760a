/** Width of the median filter over time, frames of 20 ms (OpenAI's `timing.py`). */
const MEDIAN_WIDTH = 7;

/** One frame of the encoder. */
const FRAME_MS = 20;

/** Where a token begins and ends, offsets from the beginning of the audio. */
export interface TokenTime {
	readonly startMs: number;
	readonly endMs: number;
}

/**
 * Times tokens by the attention of the alignment heads: each head's attention is normalised over the
 * tokens, smoothed over time, averaged, and the cheapest monotonic path through it is taken (dynamic time
 * warping), as OpenAI's `timing.py` does.
 *
 * @param alignment - [token][head][frame], one row more than there are tokens: that of the end.
 * @param frames - of real audio; attention to the padding behind it is not looked at.
 */
export function timeTokens(alignment: readonly (readonly Float32Array[])[], frames: number): TokenTime[] {
	const rows = alignment.length;
	if (rows < 2 || frames < 1) return [];
	const path = cheapestPath(meanAttention(alignment, frames), rows, frames);
	return Array.from({length: rows - 1}, (_, token) => ({
		startMs: path[token]! * FRAME_MS,
		endMs: path[token + 1]! * FRAME_MS,
	}));
}

/** [token, frame], averaged over the heads. */
function meanAttention(alignment: readonly (readonly Float32Array[])[], frames: number): Float32Array {
	const rows = alignment.length;
	const heads = alignment[0]!.length;
	const mean = new Float32Array(rows * frames);
	const normal = new Float32Array(rows * frames);
	for (let head = 0; head < heads; head++) {
		for (let frame = 0; frame < frames; frame++) {
			let sum = 0;
			let squares = 0;
			for (let row = 0; row < rows; row++) {
				const value = alignment[row]![head]![frame]!;
				sum += value;
				squares += value * value;
			}
			const average = sum / rows;
			const deviation = Math.sqrt(Math.max(0, squares / rows - average * average)) + 1e-9;
			for (let row = 0; row < rows; row++) {
				normal[row * frames + frame] = (alignment[row]![head]![frame]! - average) / deviation;
			}
		}
		for (let row = 0; row < rows; row++) addMedian(normal, mean, row * frames, frames);
	}
	return mean;
}

/** Adds the running median of one row of `source` to `target`; the edges are reflected. */
function addMedian(source: Float32Array, target: Float32Array, start: number, frames: number): void {
	const half = (MEDIAN_WIDTH - 1) / 2;
	const window = new Float32Array(MEDIAN_WIDTH);
	for (let frame = 0; frame < frames; frame++) {
		for (let offset = 0; offset < MEDIAN_WIDTH; offset++) {
			const value = source[start + reflect(frame + offset - half, frames)]!;
			let place = offset;
			while (place > 0 && window[place - 1]! > value) {
				window[place] = window[place - 1]!;
				place--;
			}
			window[place] = value;
		}
		target[start + frame]! += window[half]!;
	}
}

function reflect(index: number, length: number): number {
	if (index < 0) return Math.min(-index, length - 1);
	return index < length ? index : Math.max(0, 2 * (length - 1) - index);
}

/** Frame at which each row of the path begins. */
function cheapestPath(attention: Float32Array, rows: number, frames: number): Int32Array {
	const width = frames + 1;
	const cost = new Float64Array((rows + 1) * width).fill(Infinity);
	const step = new Uint8Array((rows + 1) * width);
	cost[0] = 0;
	for (let row = 1; row <= rows; row++) {
		for (let frame = 1; frame <= frames; frame++) {
			const diagonal = cost[(row - 1) * width + frame - 1]!;
			const down = cost[(row - 1) * width + frame]!;
			const along = cost[row * width + frame - 1]!;
			const place = row * width + frame;
			const cheapest = Math.min(diagonal, down, along);
			step[place] = diagonal === cheapest ? DIAGONAL : down === cheapest ? DOWN : ALONG;
			cost[place] = cheapest - attention[(row - 1) * frames + frame - 1]!;
		}
	}
	const starts = new Int32Array(rows);
	let row = rows;
	let frame = frames;
	while (row > 0 && frame > 0) {
		starts[row - 1] = frame - 1;
		const taken = step[row * width + frame];
		if (taken !== ALONG) row--;
		if (taken !== DOWN) frame--;
	}
	return starts;
}

const DIAGONAL = 0;
const DOWN = 1;
const ALONG = 2;
