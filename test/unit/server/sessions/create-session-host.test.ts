import {expect, it} from 'vitest';
import {DEFAULT_SERVER_SETTINGS} from '../../../../src/server/default-server-settings.js';
import {createSessionHost} from '../../../../src/server/sessions/create-session-host.js';
import type {HostedEvent} from '../../../../src/server/sessions/session-host.js';
import {openScriptedModelHost} from '../../../../src/server/testing/scripted-model-host.js';
import {FakeClock} from '../../../helpers/fake-clock.js';
import {scriptedAudio} from '../../../helpers/scripted-audio.js';

it('translates what a session is given, to its end', async () => {
	const clock = new FakeClock();
	const host = createSessionHost({
		models: await openScriptedModelHost({clock}),
		settings: () => DEFAULT_SERVER_SETTINGS,
		clock,
	});
	const events: HostedEvent[] = [];
	const session = host.open({
		id: 'one',
		door: 'stream',
		options: {sourceLanguage: 'en', targets: ['same', 'de']},
	});
	expect(session.progress.status).toBe('active');
	const closed = new Promise(resolve => {
		session.subscribe(event => {
			events.push(event);
			if (event.type === 'session-closed') resolve(undefined);
		});
	});
	await session.write(scriptedAudio(4));
	session.end();
	await closed;
	expect(events.at(-1)).toEqual({type: 'session-closed', cause: undefined});
	expect(session.text('de').final).toMatch(/^( \w+-de){8}$/);
	expect(host.list()).toEqual([]);
});
