import {describe, expect, it} from 'vitest';
import {findBrokenRules} from '../../../../../src/core/engine/testing/event-rules.js';
import type {SessionEvent} from '../../../../../src/core/session/session-event.js';
import {
	EMPTY_SEGMENT_TEXT,
	SegmentText,
	type SegmentTextState,
} from '../../../../../src/core/translation/live/segment-text.js';
import type {TimedWord} from '../../../../../src/core/translation/translation-event.js';
import {createRandom} from '../../../../../src/core/util/random.js';

const LOOK = {audioMs: 60_000, language: 'en', sourceLanguage: 'de'};

function makeText({withWords = false, state = EMPTY_SEGMENT_TEXT} = {}): {
	text: SegmentText;
	events: SessionEvent[];
} {
	const events: SessionEvent[] = [];
	return {
		text: new SegmentText('en', state, {withWords, emit: event => void events.push(event)}),
		events,
	};
}

function word(text: string, startMs: number, endMs = startMs + 400): TimedWord {
	return {text, startMs, endMs, probability: 0.9};
}

/** What was said, without what is the same in all events of a test. */
function brief(events: readonly SessionEvent[]): unknown[] {
	return events.map(event =>
		event.type === 'text-final' || event.type === 'text-partial' || event.type === 'segment-ended'
			? [event.type, event.segment, event.text, event.startMs, event.endMs]
			: event,
	);
}

describe('SegmentText', () => {
	it('tells settled words as one final, and the segment when it ends', () => {
		const {text, events} = makeText();
		text.add([word(' And', 100), word(' so', 600)], LOOK);
		text.add([word(' my', 1000)], {...LOOK, audioMs: 61_000});
		text.end(62_000);
		expect(events).toEqual([
			{
				type: 'text-final',
				target: 'en',
				language: 'en',
				segment: 0,
				startMs: 100,
				endMs: 1000,
				audioMs: 60_000,
				text: ' And so',
			},
			{
				type: 'text-final',
				target: 'en',
				language: 'en',
				segment: 0,
				startMs: 1000,
				endMs: 1400,
				audioMs: 61_000,
				text: ' my',
			},
			{
				type: 'segment-ended',
				target: 'en',
				language: 'en',
				sourceLanguage: 'de',
				segment: 0,
				startMs: 100,
				endMs: 1400,
				audioMs: 62_000,
				text: 'And so my',
			},
		]);
	});

	it('ends no segment twice, and none that has no text', () => {
		const {text, events} = makeText();
		text.end(100);
		text.add([], LOOK);
		text.end(200);
		expect(events).toEqual([]);
		text.add([word(' one', 0)], LOOK);
		text.end(60_000);
		text.end(60_000);
		text.add([word(' two', 500)], LOOK);
		expect(brief(events).slice(1)).toEqual([
			['segment-ended', 0, 'one', 0, 400],
			['text-final', 1, ' two', 500, 900],
		]);
	});

	it('ends a segment at a full stop once it is long enough to be read', () => {
		const {text, events} = makeText();
		text.add([word(' Yes.', 0), word(' I', 900), word(' can.', 1500, 2000), word(' We', 2100)], LOOK);
		expect(brief(events)).toEqual([
			['text-final', 0, ' Yes. I can.', 0, 2000],
			['segment-ended', 0, 'Yes. I can.', 0, 2000],
			['text-final', 1, ' We', 2100, 2500],
		]);
	});

	it('takes the stop of an abbreviation for no end', () => {
		const {text, events} = makeText();
		text.add([word(' said', 0), word(' Mr.', 2500), word(' Hale', 3000)], LOOK);
		expect(brief(events)).toEqual([['text-final', 0, ' said Mr. Hale', 0, 3400]]);
	});

	it('ends a segment without full stop after 12 s', () => {
		const {text, events} = makeText();
		text.add(
			Array.from({length: 31}, (_, index) => word(` w${index}`, index * 400)),
			LOOK,
		);
		const ended = events.filter(({type}) => type === 'segment-ended');
		expect(ended).toHaveLength(1);
		expect(ended[0]).toMatchObject({startMs: 0, endMs: 12_000});
		expect(brief(events).at(-1)).toEqual(['text-final', 1, ' w30', 12_000, 12_400]);
	});

	it('begins a segment where the language changes', () => {
		const {text, events} = makeText();
		text.add([word(' yes', 0)], LOOK);
		text.add([word(' no', 500)], {...LOOK, sourceLanguage: 'es'});
		text.end(60_000);
		expect(brief(events)).toEqual([
			['text-final', 0, ' yes', 0, 400],
			['segment-ended', 0, 'yes', 0, 400],
			['text-final', 1, ' no', 500, 900],
			['segment-ended', 1, 'no', 500, 900],
		]);
		expect(events[1]).toMatchObject({sourceLanguage: 'de'});
		expect(events[3]).toMatchObject({sourceLanguage: 'es'});
	});

	it('lets no time go back, though a word was read from before another', () => {
		const {text, events} = makeText({withWords: true});
		text.add([word(' read', 1000), word(' them', 200), word(' again', 1300)], LOOK);
		text.add([word(' and', 100)], LOOK);
		expect(brief(events)).toEqual([
			['text-final', 0, ' read them again', 1000, 1700],
			['text-final', 0, ' and', 1700, 1700],
		]);
		expect(events[0]).toMatchObject({
			words: [
				{startMs: 1000, endMs: 1400},
				{startMs: 1400, endMs: 1400},
				{startMs: 1400, endMs: 1700},
			],
		});
	});

	it('times words where they are wanted, those of a segment too', () => {
		const {text, events} = makeText({withWords: true});
		text.add([word(' And', 100)], LOOK);
		text.add([word(' so', 600)], LOOK);
		text.end(60_000);
		expect(events.at(-1)).toMatchObject({words: [word(' And', 100), word(' so', 600)]});
		const plain = makeText();
		plain.text.add([word(' And', 100)], LOOK);
		plain.text.end(60_000);
		expect(plain.events.some(event => 'words' in event)).toBe(false);
	});

	describe('what is likely to follow', () => {
		it('is told with the segment it belongs to, behind its finals', () => {
			const {text, events} = makeText();
			text.add([word(' And', 100)], LOOK);
			text.suggest(' so my', LOOK, 3000);
			expect(events[1]).toEqual({
				type: 'text-partial',
				target: 'en',
				language: 'en',
				segment: 0,
				startMs: 500,
				endMs: 3000,
				audioMs: 60_000,
				text: ' so my',
			});
		});

		it('is told once, while it stays the same', () => {
			const {text, events} = makeText();
			text.suggest('', LOOK, 0);
			text.suggest(' so', LOOK, 1000);
			text.suggest(' so', LOOK, 2000);
			text.suggest(' so my', LOOK, 3000);
			text.suggest('', LOOK, 4000);
			text.suggest('', LOOK, 5000);
			expect(brief(events)).toEqual([
				['text-partial', 0, ' so', 0, 1000],
				['text-partial', 0, ' so my', 0, 3000],
				['text-partial', 0, '', 0, 4000],
			]);
		});

		it('is told anew behind each final, also where it is what it was', () => {
			const {text, events} = makeText();
			text.suggest(' so', LOOK, 1000);
			text.add([word(' And', 100)], LOOK);
			text.suggest(' so', LOOK, 2000);
			expect(brief(events)).toEqual([
				['text-partial', 0, ' so', 0, 1000],
				['text-final', 0, ' And', 100, 500],
				['text-partial', 0, ' so', 500, 2000],
			]);
		});
	});

	it('keeps the rules of events, and goes on from any state, whatever is said', () => {
		const random = createRandom(21);
		const pieces = [' so', ' well', '.', ' No.', ' Mr.', ' what?', ',', ' 你', '好'];
		for (let round = 0; round < 40; round++) {
			const withWords = random() < 0.5;
			const {text, events} = makeText({withWords});
			const copied: SessionEvent[] = [];
			let state: SegmentTextState = EMPTY_SEGMENT_TEXT;
			for (let audioMs = 0; audioMs < 60_000; audioMs += 1000) {
				const words = Array.from({length: Math.floor(random() * 4)}, () => {
					const startMs = Math.max(0, audioMs - random() * 4000);
					return word(
						pieces[Math.floor(random() * pieces.length)]!,
						startMs,
						Math.min(audioMs, startMs + 700),
					);
				});
				const look = {audioMs, language: 'en', sourceLanguage: random() < 0.05 ? 'fr' : 'de'};
				const suggestion = random() < 0.3 ? '' : ` guess ${Math.floor(random() * 3)}`;
				const copy = new SegmentText('en', structuredClone(state), {
					withWords,
					emit: event => void copied.push(event),
				});
				for (const each of [text, copy]) {
					each.add(words, look);
					each.suggest(suggestion, look, audioMs);
					if (audioMs % 9000 === 8000) {
						each.suggest('', look, audioMs);
						each.end(audioMs);
					}
				}
				state = copy.state;
			}
			text.end(60_000);
			expect(findBrokenRules(events, {isCut: true})).toEqual([]);
			expect(copied).toEqual(events.slice(0, copied.length));
			expect(copied.length).toBeGreaterThan(50);
		}
	});
});
