import {describe, expect, it} from 'vitest';

import type {SessionEvent} from '../../../../src/core/session/session-event.js';
import {StreamEvents} from '../../../../src/core/session/stream-event.js';

const where = {target: 'en', language: 'en', segment: 0, startMs: 100.4, endMs: 900, audioMs: 1000};

const session: readonly SessionEvent[] = [
	{type: 'lag-measured', audioMs: 500, finalMs: 0, lagMs: 80.6, levelDecibels: -23.456},
	{type: 'language-detected', language: 'de', probability: 0.9, startMs: 0},
	{type: 'text-final', ...where, text: ' Good', sourceText: 'Guten'},
	{type: 'text-partial', ...where, text: ' morn'},
	{type: 'text-final', ...where, text: ' morning.'},
	{type: 'lag-measured', audioMs: 1000, finalMs: 900, lagMs: 120, levelDecibels: -100},
	{type: 'segment-ended', ...where, text: 'Good morning.', sourceLanguage: 'de'},
	{type: 'warning-raised', message: 'A loop was cut.'},
	{type: 'stretch-ended', audioMs: 1000},
	{type: 'session-ended', audioMs: 1000},
];

function createStream(parts: {sourceLanguage?: string; words?: boolean} = {}) {
	let elapsedMs = 0;
	return new StreamEvents({elapsedMs: () => (elapsedMs += 10), ...parts});
}

describe('StreamEvents', () => {
	it('tells a session as the contract of the API has it', () => {
		const stream = createStream({sourceLanguage: 'auto'});
		const text = {language: 'en', target: 'en', segment: 0, start_ms: 100, end_ms: 900, audio_ms: 1000};
		expect([
			stream.created({
				model: 'whisper-base',
				source_language: 'auto',
				targets: ['en'],
				latency_multiplier: 2,
			}),
			...session.flatMap(event => stream.of(event)),
		]).toEqual([
			{
				type: 'session.created',
				seq: 0,
				at_ms: 10,
				model: 'whisper-base',
				source_language: 'auto',
				targets: ['en'],
				latency_multiplier: 2,
			},
			{
				type: 'lag',
				seq: 1,
				at_ms: 20,
				lag_ms: 81,
				audio_ms: 500,
				final_ms: 0,
				level_decibels: -23.5,
				source_language: null,
			},
			{type: 'final', seq: 2, at_ms: 30, text: ' Good', source_text: 'Guten', ...text},
			{type: 'partial', seq: 3, at_ms: 40, text: ' morn', ...text},
			{type: 'final', seq: 4, at_ms: 50, text: ' morning.', ...text},
			{
				type: 'lag',
				seq: 5,
				at_ms: 60,
				lag_ms: 120,
				audio_ms: 1000,
				final_ms: 900,
				level_decibels: -100,
				source_language: 'de',
			},
			{type: 'error', seq: 6, at_ms: 70, code: null, message: 'A loop was cut.', fatal: false},
			{type: 'usage', seq: 7, at_ms: 80, audio_ms: 1000, finals: 2, segments: 1, characters: 14},
			{type: 'done', seq: 8, at_ms: 90},
		]);
	});

	it('knows the language from the beginning where it was named', () => {
		const stream = createStream({sourceLanguage: 'fr'});
		expect(stream.of(session[0]!)).toMatchObject([{source_language: 'fr'}]);
	});

	it('tells the times of words only where they were asked for', () => {
		const words = [{text: ' Good', startMs: 100.4, endMs: 300, probability: 0.9}];
		const final: SessionEvent = {type: 'text-final', ...where, text: ' Good', words};
		expect(createStream().of(final)[0]).not.toHaveProperty('words');
		expect(createStream({words: true}).of(final)).toMatchObject([
			{words: [{text: ' Good', start_ms: 100, end_ms: 300, probability: 0.9}]},
		]);
	});

	it('puts type, number and time first, so that a line can be read by people', () => {
		const line = JSON.stringify(createStream().error('ENGINE_BUSY', 'Try later.', true));
		expect(line).toBe(
			'{"type":"error","seq":0,"at_ms":10,"code":"ENGINE_BUSY","message":"Try later.","fatal":true}',
		);
	});
});
