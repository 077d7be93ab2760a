import {describe, expect, it} from 'vitest';

import {createScriptedEngine} from '../../../src/core/engine/testing/scripted-engine.js';
import type {SessionEvent} from '../../../src/core/session/session-event.js';
import {StreamEvents} from '../../../src/core/session/stream-event.js';
import {scriptedAudio} from '../../helpers/scripted-audio.js';
import {keepLasting} from '../../helpers/stream-acts.js';
import {openRecordedStream, startStreamServer, textOfStream} from '../../helpers/stream-server.js';

const SAID = ['partial', 'final', 'usage', 'done'];

describe('/v1/stream', () => {
	it('sends the events that a live run prints', async () => {
		const {url, faults} = await startStreamServer();
		const {client, events} = openRecordedStream(url, {source: 'en', target: 'de,same', words: 'true'});
		const audio = scriptedAudio(20);
		for (let start = 0; start < audio.length; start += 5000)
			await client.write(audio.slice(start, start + 5000));
		client.end();
		await client.done;

		expect(events.map(({seq}) => seq)).toEqual(events.map((_, index) => index));
		expect(events[0]).toMatchObject({
			type: 'session.created',
			model: 'scripted',
			source_language: 'en',
			targets: ['de', 'same'],
			latency_multiplier: 2,
			format: 'f32le',
			sample_rate: 16_000,
		});
		expect(keepLasting(events, SAID)).toEqual(
			keepLasting(await expectedEvents(audio, ['de', 'same'], true), SAID),
		);
		expect(textOfStream(events, 'de')).toMatch(/^( \w+-de)+$/);
		expect(faults).toEqual([]);
	});
});

async function expectedEvents(audio: Float32Array, targets: readonly string[], words: boolean) {
	const session = await createScriptedEngine().openSession({sourceLanguage: 'en', targets, words});
	const heard: SessionEvent[] = [];
	const reading = (async () => {
		for await (const {events} of session.updates) heard.push(...events);
	})();
	await session.write(audio.slice());
	session.end();
	await reading;
	const stream = new StreamEvents({elapsedMs: () => 0, words});
	return heard.flatMap(event => stream.of(event));
}
