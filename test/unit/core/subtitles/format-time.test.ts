import {describe, expect, it} from 'vitest';

import {formatClockTime, formatLyricsTime} from '../../../../src/core/subtitles/format-time.js';

describe('formatClockTime', () => {
	it.each([
		[0, '00:00:00,000'],
		[999.6, '00:00:01,000'],
		[59_999, '00:00:59,999'],
		[3_599_999.7, '01:00:00,000'],
		[5_025_678, '01:23:45,678'],
		[360_000_000, '100:00:00,000'],
	])('writes %d ms as %s', (timeMs, text) => {
		expect(formatClockTime(timeMs, ',')).toBe(text);
	});

	it('takes the separator of the format', () => {
		expect(formatClockTime(1500, '.')).toBe('00:00:01.500');
	});
});

describe('formatLyricsTime', () => {
	it.each([
		[0, '00:00.00'],
		[59_996, '01:00.00'],
		[83_450, '01:23.45'],
		[6_000_000, '100:00.00'],
	])('writes %d ms as %s', (timeMs, text) => {
		expect(formatLyricsTime(timeMs)).toBe(text);
	});
});
