import {describe, expect, it} from 'vitest';
import {createScriptedEngine} from '../../../../src/core/engine/testing/scripted-engine.js';
import {findBrokenRules} from '../../../../src/core/engine/testing/event-rules.js';
import {InfinisstError} from '../../../../src/core/errors.js';
import type {HostedEvent} from '../../../../src/server/sessions/session-host.js';
import {catchError} from '../../../helpers/catch-error.js';
import {
	follow,
	isOfEngine,
	openHosted,
	openHostFixture,
	sessionsOfReplicas,
	settle,
	textOf,
} from '../../../helpers/hosted.js';
import {scriptedAudio} from '../../../helpers/scripted-audio.js';

/** The text that a scripted engine gives audio of so many seconds. */
async function textAlone(seconds: number, seed = 1): Promise<string> {
	const session = await createScriptedEngine().openSession({
		sourceLanguage: 'en',
		targets: ['same'],
		latencyMultiplier: 1,
	});
	void session.write(scriptedAudio(seconds, seed)).catch(() => undefined);
	session.end();
	let text = '';
	for await (const {events} of session.updates) text += textOf(events);
	return text;
}

/** What a promise rejects with. */
async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
	try {
		await promise;
	} catch (error) {
		return error;
	}
	throw new Error('expected a failure');
}

describe('a session that is active', () => {
	it('is translated to its end, by the rules of events, and is gone then', async () => {
		const {host} = await openHostFixture();
		const {session, events, until} = openHosted(host);
		expect(session.progress).toEqual({
			status: 'active',
			queuePosition: 0,
			etaMs: undefined,
			activity: undefined,
		});
		expect(host.find(session.id)).toBe(session);
		await session.write(scriptedAudio(9));
		session.end();
		expect(await until('session-closed')).toEqual({type: 'session-closed', cause: undefined});
		expect(findBrokenRules(events.filter(isOfEngine))).toEqual([]);
		expect(textOf(events)).toBe(await textAlone(9));
		expect(session.text('same')).toEqual({final: await textAlone(9), partial: ''});
		expect(session.audioMs).toBe(9000);
		expect(session.progress.status).toBe('ended');
		expect(host.list()).toEqual([]);
		expect(host.find(session.id)).toBeUndefined();
	});

	it('tells what is likely to follow beside what is final', async () => {
		const {host} = await openHostFixture();
		const {session, until} = openHosted(host);
		await session.write(scriptedAudio(3));
		await until('lag-measured');
		await settle();
		expect(session.text('same').final).toMatch(/^( \w+){5}$/);
		expect(session.text('same').partial).toMatch(/^ \w+$/);
		expect(session.text('de')).toEqual({final: '', partial: ''});
	});

	it('keeps the text of a stretch until something is said in the next', async () => {
		const {host} = await openHostFixture();
		const {session, events, until} = openHosted(host);
		await session.write(scriptedAudio(3));
		session.flush();
		await until('stretch-ended');
		const first = session.text('same').final;
		expect(first).toBe(await textAlone(3));
		await session.write(new Float32Array(32_000));
		await settle();
		expect(session.text('same')).toEqual({final: first, partial: ''});
		await session.write(scriptedAudio(2, 7));
		session.end();
		await until('session-closed');
		expect(session.text('same').final).toMatch(/^( \w+)+$/);
		expect(first + session.text('same').final).toBe(textOf(events));
	});

	it('applies a latency from the audio on that is written after it', async () => {
		const {host} = await openHostFixture();
		const {session, events} = openHosted(host);
		const looks = (): number => events.filter(({type}) => type === 'lag-measured').length;
		await session.write(scriptedAudio(4));
		session.change({latencyMultiplier: 4});
		await session.write(scriptedAudio(8));
		await settle();
		expect(session.options.latencyMultiplier).toBe(4);
		// Four of a second each, two of four.
		expect(looks()).toBe(6);
	});

	it('takes what is spoken as captions, whatever the target is called, and catches up', async () => {
		const {host} = await openHostFixture();
		const {session} = openHosted(host, {options: {sourceLanguage: 'de', targets: ['de', 'en', 'same']}});
		expect(session.options).toEqual({
			sourceLanguage: 'de',
			targets: ['same', 'en'],
			latencyMultiplier: 2,
			catchUp: true,
		});
	});

	it('makes a writer wait while the engine is behind', async () => {
		const {host, clock} = await openHostFixture({engine: {stepCostMs: 1000}});
		const {session} = openHosted(host);
		await settle();
		let isWritten = false;
		void session.write(scriptedAudio(20)).then(() => (isWritten = true));
		await settle();
		expect(isWritten).toBe(false);
		for (let second = 0; second < 12; second++) {
			clock.advance(1000);
			await settle();
		}
		expect(isWritten).toBe(true);
	});

	it('ends with what broke its engine session, and its writers are told', async () => {
		const {host, clock} = await openHostFixture({
			engine: {stepCostMs: 1000, faults: [{atMs: 2000, code: 'MODEL_CORRUPT'}]},
		});
		const {session, events, until} = openHosted(host);
		await settle();
		const writing = reasonOf(session.write(scriptedAudio(20)));
		await settle();
		for (let second = 0; second < 3; second++) {
			clock.advance(1000);
			await settle();
		}
		const {cause} = await until('session-closed');
		expect(InfinisstError.is(cause, 'MODEL_CORRUPT')).toBe(true);
		expect(await writing).toBe(cause);
		expect(events.at(-1)?.type).toBe('session-closed');
		expect(await reasonOf(session.write(scriptedAudio(1)))).toBe(cause);
	});

	it('refuses audio above its limit, and keeps what it had', async () => {
		const {host} = await openHostFixture({limits: {audioSeconds: 3}});
		const {session, until} = openHosted(host);
		await session.write(scriptedAudio(3));
		expect(await reasonOf(session.write(new Float32Array(1)))).toMatchObject({code: 'LIMIT_EXCEEDED'});
		session.end();
		expect(await reasonOf(session.write(new Float32Array(1)))).toMatchObject({code: 'RESOURCE_CLOSED'});
		await until('session-closed');
		expect(session.text('same').final).toBe(await textAlone(3));
	});

	it('tells nothing after its end, and nothing out of order when a listener ends it', async () => {
		const {host, faults} = await openHostFixture();
		const {session, events: before} = openHosted(host);
		session.subscribe(event => {
			if (event.type !== 'text-final') return;
			session.destroy('enough');
			session.destroy('again');
			session.reset();
			session.flush();
			session.end();
		});
		const {events: after, until} = follow(session);
		await session.write(scriptedAudio(6)).catch(() => undefined);
		expect((await until('session-closed')).cause).toBe('enough');
		await settle();
		expect(before).toEqual(after);
		expect(after.map(({type}) => type)).toEqual(['text-final', 'session-closed']);
		expect(faults).toEqual([]);
	});

	it('goes on when a listener throws, and reports that', async () => {
		const {host, faults} = await openHostFixture();
		const {session} = openHosted(host);
		session.subscribe(() => {
			throw new Error('defect');
		});
		const {until} = follow(session);
		await session.write(scriptedAudio(2));
		session.end();
		await until('session-closed');
		expect(faults.length).toBeGreaterThan(0);
	});

	it('calls no listener that has left', async () => {
		const {host} = await openHostFixture();
		const {session, until} = openHosted(host);
		const heard: string[] = [];
		const listener = ({type}: HostedEvent): void => void heard.push(type);
		const leave = session.subscribe(listener);
		session.subscribe(listener);
		leave();
		await session.write(scriptedAudio(1));
		session.end();
		await until('session-closed');
		expect(heard.filter(type => type === 'session-closed')).toHaveLength(1);
	});
});

describe('a session that is reset', () => {
	it("forgets text, audio and the replica's memory, and goes on in its place", async () => {
		const {host, models} = await openHostFixture({limits: {maxSessions: 1}});
		const {session, events, until} = openHosted(host);
		const waiting = openHosted(host);
		await session.write(scriptedAudio(3, 5));
		await settle();
		expect(session.text('same').final).not.toBe('');
		session.reset();
		expect(session.text('same')).toEqual({final: '', partial: ''});
		expect(session.checkpoint).toBeUndefined();
		await settle();
		expect(await sessionsOfReplicas(models)).toEqual([`${session.id} #2`]);
		expect(waiting.session.progress).toMatchObject({status: 'queued', queuePosition: 1});
		await session.write(scriptedAudio(4));
		session.end();
		await until('session-closed');
		expect(session.text('same').final).toBe(await textAlone(4));
		const reset = events.findIndex(({type}) => type === 'session-reset');
		expect(findBrokenRules(events.slice(reset).filter(isOfEngine))).toEqual([]);
	});

	it('lets a writer go on whose audio was forgotten', async () => {
		const {host} = await openHostFixture({engine: {stepCostMs: 1000}});
		const {session} = openHosted(host);
		await settle();
		const writing = session.write(scriptedAudio(30));
		await settle();
		session.reset();
		await writing;
		expect(session.progress.status).toBe('active');
	});

	it('is opened with the latency of now', async () => {
		const {host} = await openHostFixture();
		const {session, events} = openHosted(host);
		session.change({latencyMultiplier: 4});
		session.reset();
		await session.write(scriptedAudio(8));
		await settle();
		expect(events.filter(({type}) => type === 'lag-measured')).toHaveLength(2);
	});

	it('survives many resets at once, and leaves one session at the replica', async () => {
		const {host, models, clock} = await openHostFixture({engine: {openCostMs: 10}});
		const {session, until} = openHosted(host);
		for (let round = 1; round < 20; round++) {
			session.reset();
			if (round % 3 === 0) clock.advance(10);
			await settle();
		}
		clock.advance(10);
		await session.write(scriptedAudio(2));
		await settle();
		expect(await sessionsOfReplicas(models)).toEqual([`${session.id} #20`]);
		session.end();
		await until('session-closed');
		expect(session.text('same').final).toBe(await textAlone(2));
	});
});

describe('a session that waits', () => {
	it('moves up as those before it end, are taken away or leave', async () => {
		const {host} = await openHostFixture({limits: {maxSessions: 1}});
		const all = Array.from({length: 5}, () => openHosted(host));
		const positions = (): number[] => all.map(({session}) => session.progress.queuePosition);
		expect(positions()).toEqual([0, 1, 2, 3, 4]);
		expect(all[1]!.session.progress).toEqual({
			status: 'queued',
			queuePosition: 1,
			etaMs: 300_000,
			activity: undefined,
		});
		all[2]!.session.destroy();
		expect(positions()).toEqual([0, 1, 0, 2, 3]);
		all[0]!.session.end();
		await all[0]!.until('session-closed');
		expect(positions()).toEqual([0, 0, 0, 1, 2]);
		expect(all[1]!.session.progress.status).toBe('active');
		const told = all[4]!.events.filter(event => event.type === 'progress');
		expect(told.map(({queuePosition}) => queuePosition)).toEqual([3, 2]);
	});

	it('keeps audio, flushes and changes in their order until it has a place', async () => {
		const {host} = await openHostFixture({limits: {maxSessions: 1}});
		const first = openHosted(host);
		const {session, events, until} = openHosted(host);
		await session.write(scriptedAudio(3));
		session.flush();
		session.change({latencyMultiplier: 2});
		await session.write(scriptedAudio(4, 2));
		session.end();
		await settle();
		expect(events).toEqual([]);
		first.session.destroy();
		await until('session-closed');
		const ofEngine = events.filter(isOfEngine);
		expect(findBrokenRules(ofEngine)).toEqual([]);
		const stretch = events.findIndex(({type}) => type === 'stretch-ended');
		expect(events[stretch]).toEqual({type: 'stretch-ended', audioMs: 3000});
		expect(textOf(events.slice(0, stretch))).toBe(await textAlone(3));
		expect(textOf(events.slice(stretch))).toBe(await textAlone(4, 2));
	});

	it('makes a writer wait once half a minute waits, in however small pieces', async () => {
		const {host} = await openHostFixture({limits: {maxSessions: 1}});
		const first = openHosted(host);
		const {session} = openHosted(host);
		const audio = scriptedAudio(31);
		let written = 0;
		const writing = (async () => {
			for (; written < audio.length; written += 37) await session.write(audio.slice(written, written + 37));
		})();
		await settle();
		while (written < 479_000) await settle();
		const before = written;
		await settle();
		expect(written).toBe(before);
		expect(written).toBeLessThanOrEqual(480_000);
		first.session.destroy();
		await writing;
		session.flush();
		const {until} = follow(session);
		await until('stretch-ended');
		expect(session.text('same').final).toBe(await textAlone(31));
	});

	it('goes on waiting for room when the writer is gone, so that nothing overtakes it', async () => {
		const {host} = await openHostFixture({limits: {maxSessions: 1}});
		const first = openHosted(host);
		const {session, until} = openHosted(host);
		const lost = new AbortController();
		let isWritten = false;
		const writing = session.write(scriptedAudio(31), lost.signal).then(() => (isWritten = true));
		lost.abort('the socket is gone');
		await settle();
		expect(isWritten).toBe(false);
		first.session.destroy();
		await writing;
		session.end();
		await until('session-closed');
		expect(session.text('same').final).toBe(await textAlone(31));
	});

	it('stays in its place when it is reset', async () => {
		const {host} = await openHostFixture({limits: {maxSessions: 1}});
		const first = openHosted(host);
		const {session, until} = openHosted(host);
		const last = openHosted(host);
		await session.write(scriptedAudio(3));
		session.reset();
		expect(session.progress.queuePosition).toBe(1);
		expect(last.session.progress.queuePosition).toBe(2);
		await session.write(scriptedAudio(2, 3));
		first.session.destroy();
		session.end();
		await until('session-closed');
		expect(session.text('same').final).toBe(await textAlone(2, 3));
	});

	it('ends at once if it is ended and has heard nothing', async () => {
		const {host} = await openHostFixture({limits: {maxSessions: 1}});
		openHosted(host);
		const {session, events} = openHosted(host);
		session.end();
		expect(events).toEqual([
			{type: 'session-ended', audioMs: 0},
			{type: 'session-closed', cause: undefined},
		]);
		expect(host.find(session.id)).toBeUndefined();
	});

	it('is refused when the line is full, also while models are being loaded', async () => {
		const {host, models} = await openHostFixture({
			limits: {maxSessions: 1, maxQueued: 1},
			models: [{name: 'slow', isLoaded: false}],
		});
		openHosted(host);
		const second = openHosted(host);
		expect(catchError(() => openHosted(host))).toMatchObject({code: 'ENGINE_BUSY'});
		await models.finishLoading('slow');
		await settle();
		expect(second.session.progress).toMatchObject({status: 'queued', queuePosition: 1});
		second.session.destroy();
		openHosted(host);
		expect(catchError(() => openHosted(host))).toMatchObject({code: 'ENGINE_BUSY'});
	});

	it('is let in when there are more places than before', async () => {
		const fixture = await openHostFixture({limits: {maxSessions: 1}});
		const {host} = fixture;
		openHosted(host);
		const {session, events} = openHosted(host);
		fixture.settings = {...fixture.settings, limits: {...fixture.settings.limits, maxSessions: 2}};
		host.settingsChanged();
		expect(session.progress.status).toBe('active');
		expect(events).toMatchObject([{type: 'progress', status: 'active'}]);
		fixture.settings = {...fixture.settings, limits: {...fixture.settings.limits, maxSessions: 1}};
		host.settingsChanged();
		expect(openHosted(host).session.progress.queuePosition).toBe(1);
		expect(session.progress.status).toBe('active');
	});

	it('waits where replicas have no room though the server has', async () => {
		const {host, clock} = await openHostFixture({engine: {maxSessions: 1}});
		const first = openHosted(host);
		const {session, until} = openHosted(host);
		await settle();
		expect(session.progress).toMatchObject({status: 'queued', queuePosition: 1});
		first.session.destroy();
		clock.advance(1000);
		await settle();
		expect(session.progress.status).toBe('active');
		await session.write(scriptedAudio(2));
		session.end();
		await until('session-closed');
	});
});

it('leaves the line of the replicas, too, when it is taken away', async () => {
	const {host, models} = await openHostFixture({engine: {maxSessions: 1}});
	openHosted(host);
	const {session} = openHosted(host);
	await settle();
	const router = models.routers().get('scripted')!;
	expect(router.routerStatistics().queued).toBe(1);
	session.destroy();
	await settle();
	expect(router.routerStatistics().queued).toBe(0);
});

describe('a session whose model is being loaded', () => {
	it('tells what is done, keeps what it is sent, and begins when the model is there', async () => {
		const {host, models} = await openHostFixture({
			models: [{name: 'slow', isLoaded: false, isInstalled: false}],
		});
		const {session, events, until} = openHosted(host);
		expect(session.progress.status).toBe('initializing');
		await settle();
		await models.showProgress('slow', 'Fetching slow: 45 %', 0.45);
		expect(session.progress.activity).toBe('Fetching slow: 45 %');
		await session.write(scriptedAudio(3));
		session.end();
		await models.finishLoading('slow');
		await until('session-closed');
		expect(session.text('same').final).toBe(await textAlone(3));
		expect(events.filter(event => event.type === 'progress')).toMatchObject([
			{status: 'initializing', activity: 'Fetching slow: 45 %'},
			{status: 'active', activity: undefined},
		]);
	});

	it('ends with the reason why it cannot be loaded; the next may try again', async () => {
		const {host, models} = await openHostFixture({models: [{name: 'slow', isLoaded: false}]});
		const {until} = openHosted(host);
		await settle();
		const reason = new InfinisstError('MODEL_UNAVAILABLE', 'No source delivers it');
		await models.failLoading('slow', reason);
		expect((await until('session-closed')).cause).toBe(reason);
		const {session} = openHosted(host);
		await settle();
		await models.finishLoading('slow');
		await settle();
		expect(session.progress.status).toBe('active');
	});

	it('leaves a load that others wait for', async () => {
		const {host, models} = await openHostFixture({models: [{name: 'slow', isLoaded: false}]});
		const first = openHosted(host);
		const second = openHosted(host);
		await settle();
		first.session.destroy();
		await models.finishLoading('slow');
		await settle();
		expect(second.session.progress.status).toBe('active');
		expect(first.events).toHaveLength(1);
	});
});

describe('a session that was left', () => {
	it('is removed when its client was silent for 300 s, and makes room', async () => {
		const {host, clock, models} = await openHostFixture({limits: {maxSessions: 1}});
		const {session, until} = openHosted(host);
		await settle();
		clock.advance(200_000);
		session.touch();
		const waiting = openHosted(host);
		clock.advance(299_999);
		expect(session.inactiveMs).toBe(299_999);
		waiting.session.touch();
		expect(host.find(session.id)).toBe(session);
		clock.advance(1);
		expect(host.find(session.id)).toBeUndefined();
		expect((await until('session-closed')).cause).toMatchObject({code: 'RESOURCE_CLOSED'});
		expect(waiting.session.progress.status).toBe('active');
		await settle();
		expect(await sessionsOfReplicas(models)).toEqual([waiting.session.id]);
	});

	it('is removed from the line, and those behind it move up', async () => {
		const {host, clock} = await openHostFixture({limits: {maxSessions: 1}});
		const first = openHosted(host);
		openHosted(host);
		clock.advance(150_000);
		const last = openHosted(host);
		first.session.touch();
		expect(last.session.progress.queuePosition).toBe(2);
		clock.advance(150_000);
		expect(last.session.progress.queuePosition).toBe(1);
	});

	it('is not left while somebody waits to write to it, or once it was ended', async () => {
		const {host, clock} = await openHostFixture({limits: {maxSessions: 1}});
		const first = openHosted(host);
		const writing = openHosted(host);
		const ended = openHosted(host);
		void writing.session.write(scriptedAudio(31)).catch(() => undefined);
		await ended.session.write(scriptedAudio(1));
		ended.session.end();
		for (let round = 0; round < 5; round++) {
			clock.advance(200_000);
			first.session.touch();
		}
		expect(host.list()).toEqual([first.session, writing.session, ended.session]);
	});

	it('is left once whoever waits to write to it is gone', async () => {
		const {host, clock} = await openHostFixture({limits: {maxSessions: 1}});
		const first = openHosted(host);
		const {session, until} = openHosted(host);
		const lost = new AbortController();
		const writing = reasonOf(session.write(scriptedAudio(31), lost.signal));
		const second = reasonOf(session.write(scriptedAudio(1), lost.signal));
		clock.advance(299_000);
		lost.abort();
		clock.advance(299_999);
		first.session.touch();
		expect(host.find(session.id)).toBe(session);
		clock.advance(1);
		const {cause} = await until('session-closed');
		expect(await writing).toBe(cause);
		expect(await second).toBe(cause);
	});

	it('is not left while somebody is there who need not say anything', async () => {
		const {host, clock} = await openHostFixture();
		const {session} = openHosted(host);
		const releases = [session.keep(), session.keep()];
		clock.advance(1_000_000);
		expect(session.inactiveMs).toBe(0);
		releases[0]!();
		releases[0]!();
		clock.advance(1_000_000);
		expect(host.find(session.id)).toBe(session);
		releases[1]!();
		clock.advance(299_999);
		expect(host.find(session.id)).toBe(session);
		clock.advance(300_000);
		expect(host.find(session.id)).toBeUndefined();
	});

	it('is judged by a limit that was changed', async () => {
		const fixture = await openHostFixture();
		const {host, clock} = fixture;
		const {session} = openHosted(host);
		clock.advance(100_000);
		fixture.settings = {...fixture.settings, limits: {...fixture.settings.limits, orphanMs: 100_000}};
		host.settingsChanged();
		expect(host.find(session.id)).toBeUndefined();
	});
});

describe('a session host', () => {
	it('frees the replica at once when a session is taken away', async () => {
		const {host, models} = await openHostFixture();
		const {session, until} = openHosted(host);
		await session.write(scriptedAudio(2));
		await settle();
		expect(await sessionsOfReplicas(models)).toEqual([session.id]);
		session.destroy();
		expect((await until('session-closed')).cause).toMatchObject({code: 'RESOURCE_CLOSED'});
		await settle();
		expect(await sessionsOfReplicas(models)).toEqual([]);
	});

	it('refuses an owner more sessions than the key may have', async () => {
		const {host} = await openHostFixture({
			limits: {sessionsPerKey: 1},
			settings: {apiKeys: [{id: 'large', sha256: '', maxSessions: 2}]},
		});
		const {session} = openHosted(host, {owner: 'small'});
		expect(catchError(() => openHosted(host, {owner: 'small'}))).toMatchObject({code: 'LIMIT_EXCEEDED'});
		openHosted(host, {owner: 'large'});
		openHosted(host, {owner: 'large'});
		expect(catchError(() => openHosted(host, {owner: 'large'}))).toMatchObject({code: 'LIMIT_EXCEEDED'});
		openHosted(host);
		session.destroy();
		openHosted(host, {owner: 'small'});
	});

	it('refuses a name that is taken, languages that no model knows, and all while it shuts down', async () => {
		const {host} = await openHostFixture();
		openHosted(host, {id: 'taken'});
		expect(catchError(() => openHosted(host, {id: 'taken'}))).toMatchObject({code: 'OPTION_INVALID'});
		const request = {options: {sourceLanguage: 'en', targets: ['zh']}};
		expect(catchError(() => openHosted(host, request))).toMatchObject({code: 'LANGUAGE_PAIR_UNSUPPORTED'});
		expect(catchError(() => openHosted(host, {model: 'scriptde'}))).toMatchObject({code: 'MODEL_UNKNOWN'});
		await host.destroy();
		expect(catchError(() => openHosted(host))).toMatchObject({code: 'RESOURCE_CLOSED'});
	});

	it('tells of each session that is opened', async () => {
		const {host} = await openHostFixture();
		const opened: string[] = [];
		const stop = host.watch(({id}) => opened.push(id));
		const {session} = openHosted(host);
		stop();
		openHosted(host);
		expect(opened).toEqual([session.id]);
	});

	it('translates all that was buffered before it closes, in the line too', async () => {
		const {host, models} = await openHostFixture({limits: {maxSessions: 1}});
		const all = [1, 2, 3].map(seed => ({seed, ...openHosted(host)}));
		for (const {session, seed} of all) await session.write(scriptedAudio(4, seed));
		const silent = openHosted(host);
		await host.close(new AbortController().signal);
		for (const {session, seed, events} of all) {
			expect(session.text('same').final).toBe(await textAlone(4, seed));
			expect(events.at(-1)).toEqual({type: 'session-closed', cause: undefined});
		}
		expect(silent.events.at(-1)).toEqual({type: 'session-closed', cause: undefined});
		expect(models.routers().size).toBe(0);
		await host.close(new AbortController().signal);
	});

	it('ends what is not done when it may wait no longer', async () => {
		const {host} = await openHostFixture({engine: {stepCostMs: 1000}});
		const {session, until} = openHosted(host);
		await session.write(scriptedAudio(4));
		const patience = new AbortController();
		const closing = reasonOf(host.close(patience.signal));
		await settle();
		patience.abort('late');
		expect(await closing).toBe('late');
		expect((await until('session-closed')).cause).toBe('late');
		await host.destroy();
	});

	it('loads a model again whose router gave up', async () => {
		const {host, models} = await openHostFixture();
		const {until} = openHosted(host);
		const cause = new InfinisstError('REPLICA_LOST', 'None could be kept running');
		await settle();
		await models.failRouter('scripted', cause);
		expect((await until('session-closed')).cause).toBe(cause);
		expect(models.models()[0]).toMatchObject({state: 'failed', failure: cause});
		const {session} = openHosted(host);
		expect(session.progress.status).toBe('initializing');
		await settle();
		await models.finishLoading('scripted');
		await settle();
		expect(session.progress.status).toBe('active');
	});

	it('goes on from a checkpoint as if nothing had happened', async () => {
		const audio = scriptedAudio(20);
		const before = await openHostFixture();
		const first = openHosted(before.host);
		await first.session.write(audio.slice(0, 160_000));
		await settle();
		const {checkpoint} = first.session;
		const text = first.session.text('same').final;
		await before.host.destroy();
		const {host} = await openHostFixture();
		const {session, until} = openHosted(host, {checkpoint: checkpoint!});
		await session.write(audio.slice(checkpoint!.firstSample));
		session.end();
		await until('session-closed');
		expect(text + session.text('same').final).toBe(await textAlone(20));
	});
});
