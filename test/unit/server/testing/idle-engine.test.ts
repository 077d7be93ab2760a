import {expect, it} from 'vitest';
import {DEFAULT_SERVER_SETTINGS} from '../../../../src/server/default-server-settings.js';
import {createSessionHost} from '../../../../src/server/sessions/create-session-host.js';
import {openIdleModelHost} from '../../../../src/server/testing/scripted-model-host.js';
import {FakeClock} from '../../../helpers/fake-clock.js';
import {follow, settle} from '../../../helpers/hosted.js';

it('answers each write with its number, flushes, ends and closes', async () => {
	const models = await openIdleModelHost();
	const host = createSessionHost({models, settings: () => DEFAULT_SERVER_SETTINGS, clock: new FakeClock()});
	const {session, events, until} = follow(
		host.open({id: 'one', door: 'compatible', options: {sourceLanguage: 'en', targets: ['de']}}),
	);
	await settle();
	for (let write = 1; write <= 100; write++) {
		await session.write(new Float32Array(16_000));
		await settle();
		expect(session.text('de').partial).toBe(String(write));
	}
	session.flush();
	await until('stretch-ended');
	session.end();
	expect((await until('session-closed')).cause).toBeUndefined();
	expect(events.filter(({type}) => type === 'text-partial')).toHaveLength(100);
	await host.close(new AbortController().signal);
	expect(models.routers().size).toBe(0);
});
