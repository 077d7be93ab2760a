import {expect, it} from 'vitest';

import type {TextFinal} from '../../../../../src/core/session/session-event.js';
import {DelayLog} from '../../../../../src/server/compatible/evaluation/delay-log.js';
import {describeDelays} from '../../../../../src/server/compatible/evaluation/describe-delays.js';
import {formatInstances} from '../../../../../src/server/compatible/evaluation/format-instances.js';
import {FakeClock} from '../../../../helpers/fake-clock.js';

function open(unit: 'word' | 'character' = 'word'): {log: DelayLog; clock: FakeClock} {
	const clock = new FakeClock();
	return {clock, log: new DelayLog({target: 'de', unit, startMs: 0, nowMs: () => clock.nowMs()})};
}

function final(
	text: string,
	audioMs: number,
	{segment = 0, startMs = 0, endMs = audioMs, target = 'de'}: Partial<TextFinal> = {},
): TextFinal {
	return {type: 'text-final', text, audioMs, segment, startMs, endMs, target, language: target};
}

function parse(log: DelayLog): Record<string, unknown>[] {
	return formatInstances([
		{id: 's', languagePair: 'English -> German', unit: log.unit, stretches: log.stretches},
	])
		.split('\n')
		.filter(line => line !== '')
		.map(line => JSON.parse(line) as Record<string, unknown>);
}

it('notes for each word the audio taken in and the wall time since the first audio was spoken', () => {
	const {log, clock} = open();
	clock.advance(5000);
	log.noteAudio(960);
	clock.advance(1040);
	log.note(final(' Guten Tag', 2000));
	clock.advance(1500);
	log.note(final(' allerseits.', 3000));
	log.note({type: 'stretch-ended', audioMs: 3500});
	expect(parse(log)).toEqual([
		{
			index: 0,
			prediction: 'Guten Tag allerseits.',
			delays: [2000, 2000, 3000],
			elapsed: [2000, 2000, 3500],
			prediction_length: 3,
			reference: '',
			source: ['s', 'English -> German', 'samplerate: 16000'],
			source_length: 3500,
		},
	]);
});

it('counts a word from when it was complete', () => {
	const {log} = open();
	log.note(final(' Guten Ta', 1000));
	log.note(final('g, ', 2000));
	log.note(final('Welt', 3000));
	expect(parse(log)).toMatchObject([{prediction: 'Guten Tag, Welt', delays: [1000, 2000, 3000]}]);
});

it('counts characters without spaces where a language has no words', () => {
	const {log} = open('character');
	log.note(final('你好', 1000));
	log.note(final(' 𠮷。', 2000));
	expect(parse(log)).toMatchObject([
		{prediction: '你好𠮷。', delays: [1000, 1000, 2000, 2000], prediction_length: 4},
	]);
	expect(describeDelays('character', log.stretches)).toMatchObject({
		total_characters: 4,
		language_type: 'character',
	});
});

it('begins an instance anew after each end of file, and leaves out one in which nothing was heard', () => {
	const {log, clock} = open();
	log.noteAudio(0);
	log.note(final(' eins', 1000));
	log.note({type: 'stretch-ended', audioMs: 2000});
	clock.advance(60_000);
	log.noteAudio(0);
	clock.advance(1500);
	log.note(final(' zwei', 3000, {segment: 1, startMs: 2500}));
	log.note({type: 'stretch-ended', audioMs: 4000});
	expect(parse(log)).toMatchObject([
		{index: 0, prediction: 'eins', delays: [1000], elapsed: [0], source_length: 2000},
		{index: 1, prediction: 'zwei', delays: [1000], elapsed: [1500], source_length: 2000},
	]);
});

it('notes one target alone, and nothing from before a reset', () => {
	const {log} = open();
	log.note(final(' hello', 1000, {target: 'en'}));
	log.note(final(' weg', 1000));
	log.clear();
	log.note(final(' da', 1500));
	expect(parse(log)).toMatchObject([{prediction: 'da', delays: [1500]}]);
});

it('takes StreamLAAL from where each segment begins, as computed by hand', () => {
	const {log, clock} = open();
	log.noteAudio(0);
	// The first segment is 0..4000 with 4 words: a pace of 1000.
	clock.advance(2500);
	log.note(final(' a b', 2000, {startMs: 0, endMs: 2000}));
	clock.advance(2500);
	log.note(final(' c d', 4000, {startMs: 2000, endMs: 4000}));
	// (2000 - 0 + 2000 - 1000 + 4000 - 2000) / 3 = 5000 / 3: the fourth came after the first that was late.
	// The second is 6000..8000 with 2 words: a pace of 1000.
	clock.advance(3000);
	log.note(final(' e', 7000, {segment: 1, startMs: 6000, endMs: 7000}));
	clock.advance(500);
	log.note(final(' f', 7500, {segment: 1, startMs: 7000, endMs: 8000}));
	// (1000 - 0 + 1500 - 1000) / 2 = 750.
	const delays = describeDelays('word', log.stretches);
	expect(delays['stream_laal']).toBeCloseTo((5000 / 3 + 750) / 2, 2);
	// Segment 1: 2500, 2500, 5000, 5000 → (2500 + 1500 + 3000) / 3; segment 2: 2000 is its end → 2000.
	expect(delays['stream_laal_ca']).toBeCloseTo((7000 / 3 + 2000) / 2, 2);
	expect(delays).toMatchObject({total_words: 6, segments: 2, language_type: 'word', instances: 1});
});

it('says nothing of computing time when audio came faster than it was spoken', () => {
	const {log, clock} = open();
	log.noteAudio(0);
	clock.advance(100);
	log.note(final(' schnell', 4000));
	expect(describeDelays('word', log.stretches)).toMatchObject({stream_laal: 4000, stream_laal_ca: null});
});

it('has no figures where nothing was said', () => {
	const {log} = open();
	expect(parse(log)).toEqual([]);
	expect(describeDelays('word', log.stretches)).toMatchObject({
		stream_laal: null,
		total_words: 0,
		segments: 0,
	});
});
