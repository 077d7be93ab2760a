import {describe, expect, it} from 'vitest';

import {
	formatAdvance,
	formatDuration,
	formatSpeed,
	formatStatusLine,
} from '../../../../src/cli/render/format-status.js';
import {remainingMs, type RecordingStatus} from '../../../../src/cli/render/run-status.js';

const status: RecordingStatus = {
	kind: 'recording',
	name: 'talk.wav',
	position: 1,
	count: 1,
	processedMs: 200_000,
	durationMs: 600_000,
	elapsedMs: 20_000,
	language: 'German',
};

describe('formatDuration', () => {
	it.each([
		[0, '0:00'],
		[59_400, '0:59'],
		[59_600, '1:00'],
		[605_000, '10:05'],
		[3_723_000, '1:02:03'],
		[36_000_000, '10:00:00'],
	])('writes %d ms as %s', (timeMs, text) => {
		expect(formatDuration(timeMs)).toBe(text);
	});
});

describe('formatSpeed', () => {
	it('has a decimal only where it says something', () => {
		expect(formatSpeed(0.349)).toBe('0.3x real time');
		expect(formatSpeed(12.34)).toBe('12x real time');
	});
});

describe('remainingMs', () => {
	it('takes the rest to go on as fast as the part that is done', () => {
		expect(remainingMs(status)).toBe(40_000);
	});

	it('is not known before anything is done, nor without a length', () => {
		expect(remainingMs({...status, processedMs: 0})).toBeUndefined();
		expect(remainingMs({...status, durationMs: undefined})).toBeUndefined();
	});

	it('is nothing where the recording is longer than it said', () => {
		expect(remainingMs({...status, processedMs: 700_000})).toBe(0);
	});
});

describe('formatAdvance', () => {
	it('says how far, how fast, and how long still', () => {
		expect(formatAdvance(status)).toBe('3:20 of 10:00, 10x real time, 0:40 left');
	});

	it('says what it knows of a recording without a length', () => {
		expect(formatAdvance({...status, durationMs: undefined})).toBe('3:20 done, 10x real time');
	});
});

describe('formatStatusLine', () => {
	it('names the recording, and its place among several', () => {
		expect(formatStatusLine(status)).toMatch(/^talk\.wav: 33 %, 3:20 of/);
		expect(formatStatusLine({...status, position: 2, count: 5})).toMatch(/^talk\.wav \(2 of 5\): 33 %/);
	});

	it('never says 100 % before the end', () => {
		expect(formatStatusLine({...status, processedMs: 599_999})).toContain('99 %');
	});

	it('says what is done to a model', () => {
		const model = {kind: 'model', model: 'whisper-base', activity: 'fetching model.bin'} as const;
		expect(formatStatusLine({...model, fraction: 0.5})).toBe('whisper-base: fetching model.bin, 50 %');
		expect(formatStatusLine({...model, fraction: undefined})).toBe('whisper-base: fetching model.bin');
	});
});
