import {describe, expect, it} from 'vitest';
import {createScriptedTextTranslator} from '../../../../../src/core/translation/text/testing/scripted-text-translator.js';
import {translateCaptions} from '../../../../../src/core/translation/text/translate-captions.js';
import type {Segment, TranslationEvent} from '../../../../../src/core/translation/translation-event.js';

const translator = createScriptedTextTranslator({pairs: {en: ['it', 'fr']}});

/** A caption with a word in every half second. */
function caption(index: number, startMs: number, text: string): TranslationEvent {
	const words = text.split(' ').map((word, position) => ({
		text: ` ${word}`,
		startMs: startMs + position * 500,
		endMs: startMs + (position + 1) * 500,
		probability: 0.9,
	}));
	const segment: Segment = {
		index,
		startMs,
		endMs: words.at(-1)!.endMs,
		text,
		sourceLanguage: 'en',
		words,
		averageLogProbability: -0.1,
		noSpeechProbability: 0,
		compressionRatio: 1,
		temperature: 0,
	};
	return {type: 'segment-final', segment};
}

async function* play(events: readonly TranslationEvent[]): AsyncGenerator<TranslationEvent> {
	for (const event of events) yield await Promise.resolve(event);
}

async function translate(
	events: readonly TranslationEvent[],
	targets: readonly string[] = ['it'],
): Promise<TranslationEvent[]> {
	const wanted = targets.map(target => ({target, translator}));
	const written: TranslationEvent[] = [];
	for await (const event of translateCaptions(play(events), {
		targets: wanted,
		sourceLanguage: 'en',
		words: true,
	})) {
		written.push(event);
	}
	return written;
}

function textsOf(
	events: readonly TranslationEvent[],
	target: string,
): (readonly [string, number, number, number])[] {
	return events.flatMap(event =>
		event.type === 'segment-final' && event.target === target
			? [[event.segment.text, event.segment.index, event.segment.startMs, event.segment.endMs] as const]
			: [],
	);
}

const TALK: readonly TranslationEvent[] = [
	{type: 'language-detected', language: 'en', probability: 1},
	caption(0, 0, 'we choose to go'),
	caption(1, 2000, 'to the moon.'),
	{type: 'progress', processedMs: 4000, durationMs: 9000},
	caption(2, 8000, 'not because'),
	{type: 'translation-ended', audioMs: 9000, segments: 3},
];

describe('translateCaptions()', () => {
	it('writes sentences with their places, across captions, and ends what a silence ends', async () => {
		const events = await translate(TALK);
		expect(textsOf(events, 'it')).toEqual([
			['we-it choose-it to-it go-it to-it the-it moon.-it', 0, 0, 3500],
			['not-it because-it', 1, 8000, 9000],
		]);
		expect(events.map(({type}) => type)).toEqual([
			'language-detected',
			'segment-final',
			'progress',
			'segment-final',
			'translation-ended',
		]);
		expect(events.at(-1)).toMatchObject({segments: 2});
	});

	it('writes several languages from one recognition, each with its own segments', async () => {
		const events = await translate(TALK, ['it', 'fr']);
		expect(textsOf(events, 'fr').map(([text, index]) => `${index} ${text}`)).toEqual([
			'0 we-fr choose-fr to-fr go-fr to-fr the-fr moon.-fr',
			'1 not-fr because-fr',
		]);
		expect(textsOf(events, 'it')).toEqual(textsOf(await translate(TALK), 'it'));
		expect(events.at(-1)).toMatchObject({segments: 4});
	});

	it('tells where each word was heard', async () => {
		const events = await translate(TALK);
		const segments = events.flatMap(event => (event.type === 'segment-final' ? [event.segment] : []));
		expect(segments[1]!.words).toEqual([
			{text: ' not-it', startMs: 8000, endMs: 8500, probability: 1},
			{text: ' because-it', startMs: 8500, endMs: 9000, probability: 1},
		]);
	});
});
