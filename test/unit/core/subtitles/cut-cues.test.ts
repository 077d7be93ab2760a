import {describe, expect, it} from 'vitest';

import {cutCues} from '../../../../src/core/subtitles/cut-cues.js';
import {makeSegment, makeWords} from '../../../helpers/make-segment.js';

const limits = {maxLineWidth: 42, maxLines: 2};
const long =
	'Ask not what your country can do for you, ask what you can do for your country, and then ask what all of us can do.';

describe('cutCues', () => {
	it('shows a short segment for as long as it is spoken', () => {
		expect(cutCues(makeSegment({text: 'Good morning.', startMs: 1200, endMs: 2500}), 'en', limits)).toEqual([
			{startMs: 1200, endMs: 2500, lines: ['Good morning.'], wordStarts: []},
		]);
	});

	it('gives each part of a long segment its share of the time', () => {
		const cues = cutCues(makeSegment({text: long, startMs: 10_000, endMs: 18_000}), 'en', limits);
		expect(cues.map(cue => cue.lines.join(' '))).toEqual([
			'Ask not what your country can do for you, ask what you can do for your country,',
			'and then ask what all of us can do.',
		]);
		// 63 of the 90 letters are in the first part.
		const cutMs = 10_000 + Math.round((8000 * 63) / 90);
		expect(cues.map(({startMs, endMs}) => [startMs, endMs])).toEqual([
			[10_000, cutMs],
			[cutMs, 18_000],
		]);
	});

	it('cuts at the times of the words where it has them', () => {
		const words = makeWords(
			long.split(' ').map(word => ` ${word}`),
			10_000,
			300,
		);
		const cues = cutCues(makeSegment({text: long, startMs: 9900, endMs: 18_000, words}), 'en', limits);
		// The second part starts with the 18th of the words.
		expect(cues.map(({startMs, endMs}) => [startMs, endMs])).toEqual([
			[9900, 10_000 + 17 * 300],
			[10_000 + 17 * 300, 18_000],
		]);
	});

	it('says where each word begins in its line', () => {
		const words = makeWords([' Good', ' old', ' friends.'], 0, 500);
		const [cue] = cutCues(makeSegment({text: 'Good old friends.', words}), 'en', {
			maxLineWidth: 10,
			maxLines: 2,
		});
		expect(cue?.lines).toEqual(['Good old', 'friends.']);
		expect(cue?.wordStarts).toEqual([
			{line: 0, offset: 0, startMs: 0},
			{line: 0, offset: 5, startMs: 500},
			{line: 1, offset: 0, startMs: 1000},
		]);
	});

	it('falls back to shares when the words are not those of the text', () => {
		const words = makeWords([' something', ' else'], 0, 500);
		const [cue] = cutCues(
			makeSegment({text: 'Good morning.', startMs: 100, endMs: 900, words}),
			'en',
			limits,
		);
		expect(cue).toMatchObject({startMs: 100, endMs: 900, wordStarts: []});
	});

	it('takes line breaks and tabs in the text for spaces', () => {
		const [cue] = cutCues(makeSegment({text: ' Good\n\tmorning. '}), 'en', limits);
		expect(cue?.lines).toEqual(['Good morning.']);
	});
});
