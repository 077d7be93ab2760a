import {describe, expect, it} from 'vitest';
import type {DevClip} from '../../../../bench/kit/dev-set.js';
import {poolWordErrorRate, scoreTranscripts, scoreTranslations} from '../../../../bench/kit/score-texts.js';

const clip = (file: string, language: string, transcript: string, english?: string): DevClip => ({
	file,
	path: `/nowhere/${file}`,
	language,
	seconds: 5,
	transcript,
	translations: english === undefined ? {} : {en: english},
});

const CLIPS = [
	clip('a.wav', 'en', 'one two three four'),
	clip('b.wav', 'de', 'eins zwei drei vier fünf sechs', 'one two three four five six'),
	clip('c.wav', 'zh', '广州市房地产', 'real estate in Guangzhou'),
];

describe('scores of a set', () => {
	it('count words by language, and characters of Chinese as written and simplified', () => {
		const scores = scoreTranscripts(
			CLIPS,
			new Map([
				['a.wav', 'One, two, three, five.'],
				['b.wav', 'eins zwei drei vier fünf sechs'],
				['c.wav', '廣州市房地产'],
			]),
		);
		expect(scores.get('en')!.errorRate.rate).toBeCloseTo(0.25, 12);
		expect(scores.get('zh')!.errorRate.rate).toBeCloseTo(1 / 6, 12);
		expect(scores.get('zh')!.simplifiedErrorRate!.rate).toBe(0);
		expect(scores.get('de')!.simplifiedErrorRate).toBeUndefined();
		expect(poolWordErrorRate(scores).rate).toBeCloseTo(0.1, 12);
	});

	it('count a clip that nothing was written for as missing words', () => {
		expect(scoreTranscripts(CLIPS, new Map()).get('en')!.errorRate.rate).toBe(1);
	});

	it('leave English out of translations into English', () => {
		const scores = scoreTranslations(CLIPS, new Map([['b.wav', 'one two three four five six']]));
		expect([...scores.keys()]).toEqual(['de', 'zh', 'all']);
		expect(scores.get('de')!.bleu).toBeCloseTo(100, 9);
		expect(scores.get('zh')!.chrf).toBe(0);
		expect(scores.get('all')!.clips).toBe(2);
	});
});
