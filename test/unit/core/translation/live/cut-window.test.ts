import {describe, expect, it} from 'vitest';
import {findWindowCut, type CutCandidates} from '../../../../../src/core/translation/live/cut-window.js';
import {createRandom} from '../../../../../src/core/util/random.js';

/** Twelve words a second apart, each read from the middle of it. */
function candidates(parts: Partial<CutCandidates> = {}): CutCandidates {
	const count = parts.frames?.length ?? 12;
	return {
		frames: Array.from({length: count}, (_, word) => word * 50 + 25),
		wordStarts: Array.from({length: count - 1}, (_, word) => word + 1),
		textBefore: Array.from({length: count - 1}, () => ' word'),
		gaps: [],
		audioFrames: 600,
		capFrames: 500,
		...parts,
	};
}

function punctuated(places: Readonly<Record<number, string>>): string[] {
	return candidates().wordStarts.map(start => places[start] ?? ' word');
}

describe('findWindowCut()', () => {
	it('cuts between two words, as late as it may', () => {
		// 3 s must be left: the boundary at 9 s is the last.
		expect(findWindowCut(candidates())).toEqual({tokens: 9, frame: 450});
	});

	it('leaves 3 s of audio, and takes a quarter of the longest window at least', () => {
		expect(findWindowCut(candidates({audioFrames: 320}))).toEqual({tokens: 3, frame: 150});
		expect(findWindowCut(candidates({audioFrames: 260}))).toBeUndefined();
		expect(findWindowCut(candidates({audioFrames: 320, capFrames: 604}))).toBeUndefined();
	});

	it.each([
		['a sentence', '.', ','],
		['a Chinese sentence', '。', '，'],
		['a question', '?', ' word'],
		['a clause', ',', ' word'],
	])('prefers the end of %s', (_title, better, worse) => {
		expect(findWindowCut(candidates({textBefore: punctuated({4: better, 6: worse})}))?.tokens).toBe(4);
		expect(findWindowCut(candidates({textBefore: punctuated({6: better, 4: worse})}))?.tokens).toBe(6);
	});

	it('prefers a long pause to a full stop, and cuts in its middle', () => {
		const cut = findWindowCut(
			candidates({gaps: [{startFrame: 180, endFrame: 216}], textBefore: punctuated({8: '.'})}),
		);
		expect(cut).toEqual({tokens: 4, frame: 198});
	});

	it('prefers the longest of several pauses between the same words', () => {
		const cut = findWindowCut(
			candidates({
				gaps: [
					{startFrame: 177, endFrame: 183},
					{startFrame: 185, endFrame: 221},
				],
			}),
		);
		expect(cut).toEqual({tokens: 4, frame: 203});
	});

	it('takes no notice of a pause within a word', () => {
		const frames = [0, 40, 80, 240, 280, 320, 360, 400, 440, 480];
		// Tokens 3 and 4 are one word, and a pause lies between them.
		const wordStarts = [1, 2, 3, 5, 6, 7, 8, 9];
		const cut = findWindowCut(
			candidates({
				frames,
				wordStarts,
				textBefore: wordStarts.map(() => ' word'),
				gaps: [{startFrame: 250, endFrame: 270}],
				audioFrames: 460,
			}),
		);
		expect(cut).toEqual({tokens: 3, frame: 160});
	});

	it('finds nothing where attention jumped back over every boundary, or all was one word', () => {
		const frames = Array.from({length: 12}, (_, word) => 575 - word * 50);
		expect(findWindowCut(candidates({frames}))).toBeUndefined();
		expect(findWindowCut(candidates({frames: [100], wordStarts: [], textBefore: []}))).toBeUndefined();
		expect(findWindowCut(candidates({frames: [], wordStarts: [], textBefore: []}))).toBeUndefined();
	});

	it('never cuts off audio that words behind the cut were read from', () => {
		const random = createRandom(5);
		let found = 0;
		for (let round = 0; round < 500; round++) {
			const frames: number[] = [];
			for (let at = 0; at < 560; at += random() * 60)
				frames.push(Math.max(0, Math.round(at + (random() - 0.5) * 90)));
			const gaps = Array.from({length: 4}, () => {
				const startFrame = Math.floor(random() * 550);
				return {startFrame, endFrame: startFrame + 3 + Math.floor(random() * 30)};
			});
			const wordStarts = frames.map((_, place) => place).filter(place => place > 0 && random() < 0.7);
			const textBefore = wordStarts.map(() => (random() < 0.1 ? '.' : ' word'));
			const cut = findWindowCut(candidates({frames, wordStarts, textBefore, gaps}));
			if (cut === undefined) continue;
			found++;
			expect(wordStarts).toContain(cut.tokens);
			// Pauses are found to within 0.1 s of the words.
			for (const frame of frames.slice(0, cut.tokens)) expect(frame).toBeLessThanOrEqual(cut.frame + 5);
			for (const frame of frames.slice(cut.tokens)) expect(frame).toBeGreaterThanOrEqual(cut.frame - 5);
		}
		expect(found).toBeGreaterThan(300);
	});
});
