import {describe, expect, it} from 'vitest';
import {findPauseMs, transcriptUntil} from '../../../../bench/live/live-input.js';

const words = [
	{text: ' And', startMs: 0, endMs: 300},
	{text: ' so', startMs: 400, endMs: 900},
	{text: ' my', startMs: 1500, endMs: 1700},
	{text: ' fellow', startMs: 1750, endMs: 2000},
	{text: ' Americans', startMs: 2800, endMs: 3500},
];

describe('the cut of a long recording', () => {
	it.each([
		['the longest pause before the limit', 3000, 2400],
		['a shorter one where the longest is too early', 2200, 1725],
		['the limit itself where there is no pause before it', 390, 390],
	])('is in %s', (_title, untilMs, expected) => {
		expect(findPauseMs(words, untilMs)).toBe(expected);
	});
});

describe('the transcript of a part', () => {
	it.each([
		['ends with the words that ended before', 'And so, my fellow Americans', 1600, 0, 'and so'],
		[
			'begins after the words that ended before',
			'And so, my fellow Americans',
			3600,
			1600,
			'my fellow americans',
		],
		['takes a word that was misheard', 'And sew my fellow Americans', 1600, 0, 'and sew'],
		[
			'takes words that were not heard',
			'And so it is my fellow Americans',
			3600,
			0,
			'and so it is my fellow americans',
		],
	])('%s', (_title, transcript, untilMs, fromMs, expected) => {
		expect(transcriptUntil(transcript, 'en', words, untilMs, fromMs)).toBe(expected);
	});
});
