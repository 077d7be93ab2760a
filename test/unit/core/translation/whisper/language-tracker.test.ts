import {describe, expect, it} from 'vitest';
import {LanguageTracker} from '../../../../../src/core/translation/whisper/language-tracker.js';

function probabilities(values: Readonly<Record<string, number>>): Map<string, number> {
	return new Map(Object.entries(values));
}

describe('LanguageTracker', () => {
	it('takes the likeliest language first, however doubtful', () => {
		const tracker = new LanguageTracker();
		expect(tracker.current).toBeUndefined();
		expect(tracker.observe(probabilities({en: 0.3, de: 0.4, fr: 0.3}), 200)).toEqual({
			language: 'de',
			probability: 0.4,
			isNew: true,
		});
		expect(tracker.current).toBe('de');
	});

	it.each([
		['doubtful', 0.79, 5000],
		['short', 0.99, 1499],
	])('stays with it through a %s segment of another', (_title, probability, audioMs) => {
		const tracker = new LanguageTracker();
		tracker.observe(probabilities({de: 0.9, en: 0.1}), 5000);
		expect(tracker.observe(probabilities({en: probability, de: 1 - probability}), audioMs)).toEqual({
			language: 'de',
			probability: 1 - probability,
			isNew: false,
		});
	});

	it('follows a change that is sure and long enough, and back', () => {
		const tracker = new LanguageTracker();
		tracker.observe(probabilities({de: 0.9, en: 0.1}), 5000);
		expect(tracker.observe(probabilities({en: 0.8, de: 0.2}), 1500)).toMatchObject({
			language: 'en',
			isNew: true,
		});
		expect(tracker.observe(probabilities({en: 0.95, de: 0.05}), 1500)).toMatchObject({isNew: false});
		expect(tracker.observe(probabilities({de: 0.95, en: 0.05}), 1500)).toMatchObject({
			language: 'de',
			isNew: true,
		});
	});
});
