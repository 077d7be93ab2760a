import {setImmediate as nextTurnOfEvents} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import type {SessionEvent} from '../../../../../src/core/session/session-event.js';
import {TargetWriter} from '../../../../../src/core/translation/text/target-writer.js';
import {createScriptedTextTranslator} from '../../../../../src/core/translation/text/testing/scripted-text-translator.js';
import {writeAll} from '../../../../../src/core/translation/text/write-all.js';

const SIGNAL = new AbortController().signal;
const HEARD: SessionEvent[] = [
	{
		type: 'text-final',
		target: 'same',
		language: 'en',
		segment: 0,
		text: ' hello there.',
		startMs: 0,
		endMs: 1000,
		audioMs: 1000,
	},
	{type: 'session-ended', audioMs: 1000},
];

/** Writers of some languages, and how many of them translated at once. @param failing - target that cannot be. */
function openWriters(targets: readonly string[], failing?: string) {
	const translator = createScriptedTextTranslator({pairs: {en: targets}});
	let running = 0;
	const seen = {most: 0, done: 0};
	const writers = targets.map(target => {
		const open = (state: unknown) => {
			const translation = translator.open(
				{sourceLanguage: 'en', target, latencyMultiplier: 2, glossary: []},
				state,
			);
			const translate = translation.translate.bind(translation);
			translation.translate = async (turn, signal) => {
				seen.most = Math.max(seen.most, ++running);
				await nextTurnOfEvents();
				running--;
				seen.done++;
				if (target === failing) throw new Error(`no ${target} today`);
				return translate(turn, signal);
			};
			return translation;
		};
		return new TargetWriter({
			target,
			spokenLanguage: 'en',
			heard: 'same',
			open,
			partials: false,
			words: false,
		});
	});
	for (const writer of writers) for (const event of HEARD) writer.hear(event);
	return {writers, seen};
}

describe('writeAll()', () => {
	it('lets all targets be translated at the same time, and tells them in their order', async () => {
		const {writers, seen} = openWriters(['it', 'de', 'zh']);
		const events = await writeAll(writers, {audioMs: 1000, finalMs: 1000}, SIGNAL);
		expect(seen.most).toBe(3);
		const finals = events.filter(event => event.type === 'text-final');
		expect(finals.map(({target, text}) => [target, text.trim()])).toEqual([
			['it', 'hello there.-it'],
			['de', 'hello there.-de'],
			['zh', 'hello there.-zh'],
		]);
	});

	it('fails when nothing runs any more', async () => {
		const {writers, seen} = openWriters(['it', 'de', 'zh'], 'it');
		await expect(writeAll(writers, {audioMs: 1000, finalMs: 1000}, SIGNAL)).rejects.toThrow('no it today');
		expect(seen.done).toBe(3);
	});
});
