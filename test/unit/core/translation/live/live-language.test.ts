import {describe, expect, it} from 'vitest';
import type {SessionEvent} from '../../../../../src/core/session/session-event.js';
import {LiveLanguage, type LanguageQuestion} from '../../../../../src/core/translation/live/live-language.js';
import type {Hearing} from '../../../../../src/core/translation/live/shared-hearing.js';
import {TINY} from '../../../../helpers/tiny-whisper.js';

/** Audio in which German is heard with this probability, else English. */
function hearing(german: number): Hearing {
	return {
		detectLanguage: () =>
			Promise.resolve(
				new Map([
					['en', 1 - german],
					['de', german],
				]),
			),
		search: () => Promise.reject(new Error('nobody asked for text')),
	};
}

const deaf: Hearing = {
	detectLanguage: () => Promise.reject(new Error('nobody asked for the language')),
	search: () => Promise.reject(new Error('nobody asked for text')),
};

const QUESTION: LanguageQuestion = {startMs: 1500, speechMs: 2000, audioMs: 4000, isLast: false};

function listen({
	sourceLanguage = 'auto',
	current = undefined as string | undefined,
	description = TINY,
} = {}): {
	language: LiveLanguage;
	events: SessionEvent[];
} {
	const events: SessionEvent[] = [];
	const emit = (event: SessionEvent): void => void events.push(event);
	return {language: new LiveLanguage({description, sourceLanguage, current, emit}), events};
}

describe('LiveLanguage', () => {
	it('asks nobody where the language is given', async () => {
		const {language, events} = listen({sourceLanguage: 'de'});
		expect(language.current).toBe('de');
		expect(await language.find(deaf, QUESTION)).toBe('de');
		expect(events).toEqual([]);
	});

	it('knows that a model without languages hears English', async () => {
		const {language, events} = listen({description: {...TINY, languageTokens: {}}});
		expect(language.current).toBe('en');
		expect(await language.find(deaf, QUESTION)).toBe('en');
		expect(events).toEqual([]);
	});

	it('tells the first language that is sure enough, once', async () => {
		const {language, events} = listen();
		expect(language.current).toBeUndefined();
		expect(await language.find(hearing(0.7), QUESTION)).toBe('de');
		expect(await language.find(hearing(0.9), QUESTION)).toBe('de');
		expect(language.current).toBe('de');
		expect(events).toEqual([{type: 'language-detected', language: 'de', probability: 0.7, startMs: 1500}]);
	});

	it('hears more where the first is doubtful', async () => {
		const {language, events} = listen();
		expect(await language.find(hearing(0.69), QUESTION)).toBeUndefined();
		expect(await language.find(hearing(0.5), {...QUESTION, speechMs: 3999})).toBeUndefined();
		expect([language.current, events]).toEqual([undefined, []]);
		expect(await language.find(hearing(0.69), {...QUESTION, speechMs: 4000})).toBe('de');
		expect(events).toHaveLength(1);
	});

	it('answers with the likeliest where no more speech comes, which decides nothing for later', async () => {
		const {language, events} = listen();
		expect(await language.find(hearing(0.51), {...QUESTION, isLast: true})).toBe('de');
		expect(events).toMatchObject([{language: 'de', probability: 0.51}]);
		expect(language.current).toBeUndefined();
		expect(await language.find(hearing(0.25), QUESTION)).toBe('en');
		expect(language.current).toBe('en');
		expect(events.slice(1)).toMatchObject([{language: 'en', probability: 0.75}]);
	});

	it('follows a change that is sure, and tells it; a doubtful one is none', async () => {
		const {language, events} = listen();
		await language.find(hearing(0.9), QUESTION);
		expect(await language.find(hearing(0.4), QUESTION)).toBe('de');
		expect(await language.find(hearing(0.1), {...QUESTION, speechMs: 1000})).toBe('de');
		expect(await language.find(hearing(0.1), {...QUESTION, startMs: 9000})).toBe('en');
		expect(events.slice(1)).toEqual([
			{type: 'language-detected', language: 'en', probability: 0.9, startMs: 9000},
		]);
	});

	it('goes on with the language of an earlier run', async () => {
		const {language, events} = listen({current: 'de'});
		expect(language.current).toBe('de');
		expect(await language.find(hearing(0.5), QUESTION)).toBe('de');
		expect(events).toEqual([]);
	});
});
