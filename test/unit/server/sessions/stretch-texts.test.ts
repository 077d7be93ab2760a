import {expect, it} from 'vitest';
import type {SessionEvent} from '../../../../src/core/session/session-event.js';
import {StretchTexts} from '../../../../src/server/sessions/stretch-texts.js';

const at = {language: 'en', segment: 0, startMs: 0, endMs: 0, audioMs: 0};
const final = (text: string, target = 'same'): SessionEvent => ({type: 'text-final', target, text, ...at});
const partial = (text: string, target = 'same'): SessionEvent => ({
	type: 'text-partial',
	target,
	text,
	...at,
});
const flushed: SessionEvent = {type: 'stretch-ended', audioMs: 0};

it.each<[string, readonly SessionEvent[], string, string]>([
	['joins finals as they are', [final(' one'), final(' two')], ' one two', ''],
	[
		'tells the last partial behind them',
		[partial(' on'), final(' one'), partial(' t'), partial(' tw')],
		' one',
		' tw',
	],
	['drops a partial that became final', [partial(' one'), final(' one')], ' one', ''],
	[
		'drops the partial of a segment that ended',
		[
			final(' one'),
			partial(' two'),
			{type: 'segment-ended', target: 'same', text: 'one', sourceLanguage: 'en', ...at},
		],
		' one',
		'',
	],
	['keeps a stretch that ended', [final(' one'), partial(' two'), flushed], ' one', ''],
	['keeps it while nothing is said', [final(' one'), flushed, partial(''), flushed], ' one', ''],
	['begins afresh with a partial', [final(' one'), flushed, partial(' two')], '', ' two'],
	['begins afresh with a final', [final(' one'), flushed, final(' two'), final(' three')], ' two three', ''],
	['begins afresh for all targets at once', [final(' one'), flushed, final(' zwei', 'de')], '', ''],
])('%s', (_title, events, finalText, partialText) => {
	const texts = new StretchTexts();
	for (const event of events) texts.take(event);
	expect(texts.of('same')).toEqual({final: finalText, partial: partialText});
});
