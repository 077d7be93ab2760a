import {describe, expect, it} from 'vitest';
import {sentAtMs} from '../../../../bench/live/paced-client.js';
import {
	measureCaptionLags,
	measureTranslationLags,
	type SpokenWord,
} from '../../../../bench/live/word-lag.js';

const BLOCK_MS = 100;

const word = (text: string, endMs: number): SpokenWord => ({text, startMs: endMs - 200, endMs});
const final = (text: string, atMs: number, endMs?: number) => ({text, atMs, endMs, audioMs: undefined});

describe('when audio is sent', () => {
	it.each([
		[1, 100],
		[100, 100],
		[101, 200],
		[0, 0],
	])('is when the block of it is full: %i ms at %i', (audioMs, expected) => {
		expect(sentAtMs(audioMs, BLOCK_MS)).toBe(expected);
	});
});

describe('lags of captions', () => {
	const spoken = [word(' Ask', 450), word(' not', 800), word(' what', 1210)];
	it.each([
		['each word from its own end', [final(' Ask', 1500), final(' not what', 2000)], [1000, 1200, 700]],
		[
			'words that are right, whatever their case and marks',
			[final(' ask, NOT what?', 2000)],
			[1500, 1200, 700],
		],
		['no word that was misheard', [final(' Ask knot what', 2000)], [1500, 700]],
		['no word that was not said', [final(' Ask not not what', 2000)], [1500, 1200, 700]],
		['the words around one that is missing', [final(' Ask what', 2000)], [1500, 700]],
		['nothing of silence', [], []],
	])('count %s', (_title, finals, expected) => {
		expect(measureCaptionLags(spoken, {finals, audioMs: 2000}, 'en', BLOCK_MS)).toEqual(expected);
	});

	it('are measured from the end of the audio for a word that is timed to end after it', () => {
		const record = {finals: [final(' Ask', 1500)], audioMs: 400};
		expect(measureCaptionLags([word(' Ask', 450)], record, 'en', BLOCK_MS)).toEqual([1100]);
	});

	it('count the characters of Chinese, traditional or simplified', () => {
		const record = {finals: [final('電影', 1000), final('票', 2000)], audioMs: 2000};
		const lags = measureCaptionLags([word('电影票', 600)], record, 'zh', BLOCK_MS);
		expect(lags).toEqual([400, 400, 1400]);
	});
});

describe('lags of translations', () => {
	it('count each word from the end of the audio that its text was heard in', () => {
		const finals = [final(' Ask not', 2000, 1150), final(' what.', 3000, 2500)];
		expect(measureTranslationLags({finals, audioMs: 3000}, 'en', BLOCK_MS)).toEqual([800, 800, 500]);
	});

	it('leave out text without times', () => {
		const finals = [final(' Ask', 2000)];
		expect(measureTranslationLags({finals, audioMs: 3000}, 'en', BLOCK_MS)).toEqual([]);
	});
});
