import {describe, expect, it} from 'vitest';
import {LiveSearch} from '../../../../../src/core/models/whisper/live-search.js';
import type {
	LiveSearchRequest,
	LiveSearchResult,
} from '../../../../../src/core/models/whisper/live-search-request.js';
import {makeAudio, makeLogits, playDecoder, TINY} from '../../../../helpers/tiny-whisper.js';

const {endOfText, noSpeech, startOfPrevious} = TINY.specialTokens;

const AUDIO_FRAMES = 100;

/** Token 9 is the only punctuation. */
const COMMA = 9;

/** Runs a search over a decoder that writes one step after another, then ends. */
function search(
	steps: readonly (readonly [token: number, frame: number])[],
	{
		settledTokens = [],
		older = [],
		...parts
	}: Partial<LiveSearchRequest> & {
		readonly settledTokens?: readonly number[];
		readonly older?: readonly number[];
	} = {},
): LiveSearchResult & {readonly steps: number} {
	const request: LiveSearchRequest = {
		prompt: [...(older.length > 0 ? [startOfPrevious, ...older] : []), ...[11, 12, 15, 19], ...settledTokens],
		settled: settledTokens.length,
		audioFrames: AUDIO_FRAMES,
		furthestFrame: 0,
		rewindFrames: 25,
		maxTokens: 100,
		...parts,
	};
	const task = new LiveSearch(makeAudio(), request, TINY, token => token === COMMA);
	const rows = playDecoder(
		task,
		written => makeLogits({[steps[written.length]?.[0] ?? endOfText]: 0}, -40),
		written => [attentionAt(steps[written.length]?.[1] ?? 0)],
	);
	return {...task.result, steps: rows.length};
}

function attentionAt(frame: number): Float32Array {
	// Of seven equal frames the median filter makes four, the first of which counts.
	return Float32Array.from({length: AUDIO_FRAMES + 50}, (_, at) => (at >= frame && at < frame + 7 ? 1 : 0));
}

/** Tokens that never repeat, 5 frames apart. */
function words(count: number, from = 5): [number, number][] {
	return Array.from({length: count}, (_, place) => [3 + (place % 6), from + 5 * place]);
}

describe('LiveSearch', () => {
	it('goes on to the end of the text, and says where each token was read', () => {
		const {steps, ...result} = search([
			[3, 10],
			[4, 30],
			[5, 60],
		]);
		expect(result).toMatchObject({
			tokens: [3, 4, 5],
			frames: [10, 30, 60],
			end: 'end-of-text',
			refused: undefined,
		});
		expect(result.logProbabilities).toHaveLength(3);
		for (const value of result.logProbabilities) expect(value).toBeCloseTo(0, 5);
		expect(result.averageLogProbability).toBeCloseTo(0, 5);
		expect(steps).toBe(3);
	});

	it('ends with the first token read from where it is to end', () => {
		const {tokens, frames, end, steps} = search(words(12), {endFrame: 25});
		expect({tokens, frames, end, steps}).toEqual({
			tokens: [3, 4, 5, 6, 7],
			frames: [5, 10, 15, 20, 25],
			end: 'end-frame',
			steps: 4,
		});
	});

	it('has nothing to say where the model has not', () => {
		// An end at once is forbidden where nothing is settled.
		expect(search([], {settledTokens: [3]})).toMatchObject({
			tokens: [],
			end: 'end-of-text',
			averageLogProbability: 0,
		});
	});

	it('asks for the logits of the start of the transcript, behind older text, and of the last token', () => {
		const request = {
			settled: 1,
			audioFrames: 10,
			furthestFrame: 0,
			rewindFrames: 25,
			maxTokens: 9,
		};
		const prompt = [startOfPrevious, 4, 5, 11, 12, 15, 19, 3];
		const task = new LiveSearch(makeAudio(), {...request, prompt}, TINY, () => false);
		expect(task.wanted).toEqual([3, 7]);
		expect(task.withAlignment).toBe(true);
		task.begin({
			logits: [makeLogits({[noSpeech]: Math.log(0.7), 3: Math.log(0.3)}, -40), makeLogits({[endOfText]: 0})],
			alignment: [new Float32Array(20)],
		});
		expect(task.result.noSpeechProbability).toBeCloseTo(0.7, 4);
	});

	describe('where attention jumps back', () => {
		it('refuses the token, and what follows', () => {
			const result = search([
				[3, 10],
				[4, 60],
				[5, 34],
				[6, 80],
			]);
			expect(result).toMatchObject({tokens: [3, 4], end: 'rewind', refused: 5});
		});

		it('lets it jump as far as it may', () => {
			const result = search([
				[3, 10],
				[4, 60],
				[5, 35],
				[6, 80],
			]);
			expect(result).toMatchObject({tokens: [3, 4, 5, 6], frames: [10, 60, 35, 80], end: 'end-of-text'});
		});

		it('measures from the furthest frame, not from the last', () => {
			const result = search([
				[3, 60],
				[4, 40],
				[5, 20],
			]);
			expect(result).toMatchObject({tokens: [3, 4], end: 'rewind', refused: 5});
		});

		it('measures from where settled text was read', () => {
			const settled = {settledTokens: [6, 7], furthestFrame: 50};
			expect(search([[3, 24]], settled)).toMatchObject({tokens: [], end: 'rewind', refused: 3});
			expect(search([[3, 25]], settled)).toMatchObject({tokens: [3], end: 'end-of-text'});
		});

		it('takes the first token of all from anywhere', () => {
			expect(search([[3, 0]], {furthestFrame: 50}).tokens).toEqual([3]);
		});

		it('takes punctuation from anywhere, as if it were read at the furthest frame', () => {
			const result = search([
				[3, 10],
				[4, 60],
				[COMMA, 2],
				[5, 65],
			]);
			expect(result).toMatchObject({tokens: [3, 4, COMMA, 5], frames: [10, 60, 60, 65], end: 'end-of-text'});
		});

		it('leaves punctuation that is read further on where it is', () => {
			expect(
				search([
					[3, 10],
					[COMMA, 40],
					[4, 50],
				]).frames,
			).toEqual([10, 40, 50]);
		});
	});

	it('drops ten tokens that were read from one place, and ends', () => {
		const stalled: [number, number][] = words(10).map(([token], place) => [token, 40 + (place % 11)]);
		const result = search([[3, 10], [4, 20], ...stalled, [5, 60]]);
		expect(result).toMatchObject({tokens: [3, 4], frames: [10, 20], end: 'stall', refused: undefined});
		expect(result.logProbabilities).toHaveLength(2);
	});

	it('lets nine tokens be read from one place', () => {
		const dense: [number, number][] = words(9).map(([token]) => [token, 40]);
		expect(search([...dense, [5, 60]])).toMatchObject({end: 'end-of-text'});
	});

	it('ends a loop at once', () => {
		const loop: [number, number][] = Array.from({length: 20}, (_, place) => [3 + (place % 2), 5 + 4 * place]);
		expect(search(loop)).toMatchObject({tokens: [3, 4, 3, 4, 3, 4], end: 'loop'});
	});

	it('counts settled text as part of a loop', () => {
		const result = search(
			[
				[3, 20],
				[4, 40],
				[5, 60],
			],
			{settledTokens: [3, 4, 3, 4]},
		);
		expect(result).toMatchObject({tokens: [3, 4], end: 'loop'});
	});

	it('takes older text for no part of a loop', () => {
		const result = search(
			[
				[3, 20],
				[4, 40],
				[5, 60],
			],
			{older: [3, 4, 3, 4]},
		);
		expect(result).toMatchObject({tokens: [3, 4, 5], end: 'end-of-text'});
	});

	it('ends a text that is too long for its audio, settled text counted', () => {
		expect(search(words(10), {maxTokens: 6})).toMatchObject({end: 'too-long'});
		expect(search(words(10), {maxTokens: 6}).tokens).toHaveLength(6);
		expect(search(words(10), {maxTokens: 6, settledTokens: [7, 8]}).tokens).toHaveLength(4);
	});

	it('writes nothing where settled text fills the limit or the positions of the decoder', () => {
		const full = {tokens: [], end: 'too-long', refused: undefined, steps: 0};
		expect(search(words(3), {maxTokens: 2, settledTokens: [7, 8]})).toMatchObject(full);
		const older = Array.from({length: 442}, (_, place) => 3 + (place % 7));
		expect(search(words(3), {older})).toMatchObject(full);
		expect(search(words(3), {older: older.slice(1)}).tokens).toHaveLength(1);
	});
});
