import {expect, it} from 'vitest';
import {NO_RECORDER, type SessionRecorder} from '../../../../src/server/sessions/session-recorder.js';
import {openHosted, openHostFixture, settle, textOf} from '../../../helpers/hosted.js';
import {scriptedAudio} from '../../../helpers/scripted-audio.js';
import {createToldRecorder} from '../../../helpers/told-recorder.js';

it('is told what became of a session, in order, without any text', async () => {
	const {recorder, told} = createToldRecorder();
	const {host, clock} = await openHostFixture({recorder});
	const {session, events, until} = openHosted(host, {
		id: 'one',
		owner: 'key',
		options: {sourceLanguage: 'en', targets: ['same'], prompt: 'secret names'},
	});
	await session.write(scriptedAudio(4));
	await settle();
	session.reset();
	clock.advance(500);
	await session.write(scriptedAudio(4));
	session.flush();
	session.end();
	await until('session-closed');
	expect(told.map(([type]) => type).filter((type, index, all) => type !== all[index - 1])).toEqual([
		'opened',
		'began',
		'updated',
		'reset',
		'updated',
		'ended',
	]);
	expect(told[0]).toEqual([
		'opened',
		{
			id: 'one',
			door: 'stream',
			owner: 'key',
			model: 'scripted',
			createdAtMs: 1_700_000_000_000,
			options: {sourceLanguage: 'en', targets: ['same'], latencyMultiplier: 2, catchUp: true},
		},
	]);
	expect(told.at(-1)).toEqual(['ended', {atMs: 1_700_000_000_500, audioMs: 8000, cause: undefined}]);
	const updates = told.flatMap(([type, update]) => (type === 'updated' ? [update] : []));
	expect(updates.map(({texts}) => texts)).toEqual(updates.map(() => []));
	expect(updates.reduce((sum, {characters}) => sum + characters, 0)).toBe(textOf(events).length);
	expect(updates.filter(({endsStretch}) => endsStretch)).toHaveLength(1);
	expect(updates.at(-1)).toMatchObject({audioMs: 4000, finalMs: 4000, atMs: 1_700_000_000_500});
	expect(JSON.stringify(told)).not.toContain('secret');
});

it('is told texts where they are kept', async () => {
	const {recorder, told} = createToldRecorder();
	const {host} = await openHostFixture({recorder, settings: {keepText: true}});
	const {session, events, until} = openHosted(host, {
		options: {sourceLanguage: 'en', targets: ['de'], prompt: 'names'},
	});
	await session.write(scriptedAudio(4));
	session.end();
	await until('session-closed');
	const texts = told.flatMap(([type, update]) => (type === 'updated' ? update.texts : []));
	expect(texts.map(({text}) => text).join('')).toBe(textOf(events, 'de'));
	expect(texts[0]).toMatchObject({target: 'de', language: 'de', segment: 0, startMs: 0});
	expect(texts[0]!.sourceText).not.toBe('');
	expect(told[0]).toMatchObject(['opened', {options: {prompt: 'names'}}]);
});

it.each(['open', 'updated', 'ended'] as const)(
	'cannot disturb a session by a fault of its own in %s()',
	async method => {
		const fail = (): never => {
			throw new Error('the disk is full');
		};
		let calls = 0;
		const note = (): void => {
			calls++;
		};
		const recorder: SessionRecorder = {
			...NO_RECORDER,
			open() {
				if (method === 'open') fail();
				return {
					began: note,
					reset: note,
					updated: method === 'updated' ? fail : note,
					ended: method === 'ended' ? fail : note,
				};
			},
		};
		const {host, faults} = await openHostFixture({recorder});
		const {session, until} = openHosted(host);
		await session.write(scriptedAudio(4));
		session.end();
		expect((await until('session-closed')).cause).toBeUndefined();
		expect(session.text('same').final).not.toBe('');
		expect(faults).toHaveLength(1);
		// Once it has failed, it is left alone.
		if (method === 'updated') expect(calls).toBe(1);
	},
);
