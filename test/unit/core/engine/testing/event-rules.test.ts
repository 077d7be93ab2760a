import {describe, expect, it} from 'vitest';

import {findBrokenRules} from '../../../../../src/core/engine/testing/event-rules.js';
import type {
	SegmentEnded,
	SessionEvent,
	TextFinal,
	TextPartial,
} from '../../../../../src/core/session/session-event.js';

const place = {target: 'same', language: 'en', segment: 0, startMs: 0, endMs: 500, audioMs: 1000};
const final = (change: Partial<TextFinal> = {}): TextFinal => ({
	...place,
	type: 'text-final',
	text: ' Hello',
	...change,
});
const partial = (change: Partial<TextPartial> = {}): TextPartial => ({
	...place,
	type: 'text-partial',
	text: ' you',
	...change,
});
const segment = (change: Partial<SegmentEnded> = {}): SegmentEnded => ({
	...place,
	type: 'segment-ended',
	text: 'Hello',
	sourceLanguage: 'en',
	...change,
});
const lag = (audioMs: number, finalMs: number): SessionEvent => ({
	type: 'lag-measured',
	audioMs,
	finalMs,
	lagMs: 1,
	levelDecibels: -20,
});
const ended: SessionEvent = {type: 'session-ended', audioMs: 9000};
const word = {text: ' Hello', startMs: 0, endMs: 500, probability: 1};

describe('findBrokenRules()', () => {
	it.each<[string, SessionEvent[], string[]]>([
		[
			'a good run',
			[
				{type: 'language-detected', language: 'en', probability: 0.9, startMs: 0},
				final({words: [word]}),
				partial(),
				lag(1000, 500),
				final({text: ' you', startMs: 500, endMs: 900}),
				segment({text: 'Hello you', endMs: 900}),
				final({segment: 1, startMs: 900, endMs: 1000}),
				segment({segment: 1, startMs: 900, endMs: 1000}),
				{type: 'stretch-ended', audioMs: 1000},
				ended,
			],
			[],
		],
		[
			'a late change',
			[final(), segment({text: 'Hullo'}), ended],
			['event 1 (segment-ended): text is not that of its finals'],
		],
		['no end', [final(), segment()], ['there is no session-ended']],
		['something after the end', [ended, lag(9000, 0)], ['event 1 (lag-measured): came after session-ended']],
		['two ends', [ended, ended], ['event 1 (session-ended): came after session-ended']],
		[
			'an end within a segment',
			[final(), ended],
			['event 1 (session-ended): segment 0 of same has not ended'],
		],
		[
			'a stretch that ends within a segment',
			[final(), {type: 'stretch-ended', audioMs: 1000}, segment(), ended],
			['event 1 (stretch-ended): segment 0 of same has not ended'],
		],
		[
			'text before its audio',
			[final({endMs: 1001}), segment(), ended],
			['event 0 (text-final): endMs 1001 is after audioMs 1000'],
		],
		[
			'time that goes back',
			[lag(2000, 0), final(), segment({audioMs: 2000}), ended],
			['event 1 (text-final): audioMs went back from 2000 to 1000'],
		],
		[
			'finals that go back',
			[final({startMs: 100}), final({startMs: 50, endMs: 400}), segment({text: 'Hello Hello'}), ended],
			[
				'event 1 (text-final): startMs went back from 100 to 50',
				'event 1 (text-final): endMs went back from 500 to 400',
			],
		],
		[
			'a partial of a segment that ended',
			[final(), segment(), partial(), ended],
			['event 2 (text-partial): belongs to segment 0, but 1 is open'],
		],
		[
			'a segment left out',
			[final({segment: 1}), segment({segment: 1}), ended],
			[
				'event 0 (text-final): belongs to segment 1, but 0 is open',
				'event 1 (segment-ended): belongs to segment 1, but 0 is open',
			],
		],
		['a segment without text', [segment({text: ''}), ended], ['event 0 (segment-ended): has no text']],
		[
			'a final in what was called final',
			[lag(1000, 600), final(), segment(), ended],
			['event 1 (text-final): ends at 500, though all before 600 was final'],
		],
		['a lag that is none', [lag(1000, 1001), ended], ['event 0 (lag-measured): finalMs is after audioMs']],
		[
			'words of another text',
			[final({words: [{...word, text: ' Hullo'}]}), segment(), ended],
			['event 0 (text-final): words do not join to the text'],
		],
		[
			'another target',
			[final({target: 'de'}), segment({target: 'de'}), ended],
			['event 0 (text-final): nobody asked for de', 'event 1 (segment-ended): nobody asked for de'],
		],
	])('judges %s', (_title, events, broken) => {
		expect(findBrokenRules(events, {targets: ['same']})).toEqual(broken);
	});

	it('asks for no end of a run that was cut', () => {
		expect(findBrokenRules([final()], {isCut: true})).toEqual([]);
	});

	it('counts the segments of each target for itself', () => {
		const events = [final(), segment(), final({target: 'de'}), segment({target: 'de'}), ended];
		expect(findBrokenRules(events)).toEqual([]);
	});
});
