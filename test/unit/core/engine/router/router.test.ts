import {afterEach, describe, expect, it} from 'vitest';

import type {EngineSession, SessionOptions, SessionUpdate} from '../../../../../src/core/engine/engine.js';
import {openRouter, type Router, type RouterOptions} from '../../../../../src/core/engine/router/router.js';
import type {RouterEvent} from '../../../../../src/core/engine/router/router-event.js';
import {InfinisstError} from '../../../../../src/core/errors.js';
import {runSession, timelessEvents} from '../../../../contract/run-session.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {FakeClock} from '../../../../helpers/fake-context.js';
import {
	KillableReplicas,
	type KillableReplica,
	type KillableReplicasOptions,
} from '../../../../helpers/killable-replicas.js';
import {scriptedAudio} from '../../../../helpers/scripted-audio.js';

const OPTIONS: SessionOptions = {sourceLanguage: 'en', targets: ['same'], latencyMultiplier: 1};
const AUDIO = scriptedAudio(20);

/** Lets everything happen that needs no time. */
async function settle(): Promise<void> {
	for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve));
}

const routers: Router[] = [];
afterEach(async () => {
	await Promise.all(routers.splice(0).map(router => router.destroy()));
});

async function open(options: Partial<RouterOptions> = {}, replicaOptions: KillableReplicasOptions = {}) {
	const clock = new FakeClock();
	const replicas = new KillableReplicas({
		...replicaOptions,
		engine: {clock, ...replicaOptions.engine},
		engineOf: index => ({clock, ...replicaOptions.engine, ...replicaOptions.engineOf?.(index)}),
	});
	const events: RouterEvent[] = [];
	const router = await openRouter({
		replicas: 2,
		startReplica: replicas.start,
		clock,
		onEvent: event => events.push(event),
		...options,
	});
	routers.push(router);
	return {clock, replicas, events, router};
}

/** Reads a session in the background. */
function read(session: EngineSession) {
	const updates: SessionUpdate[] = [];
	const over = (async () => {
		for await (const update of session.updates) updates.push(update);
		return 'ended';
	})().catch((error: unknown) => error);
	return {updates, over};
}

/** Takes its replica down as soon as it hears anything. */
function poison(session: EngineSession, replica: KillableReplica): EngineSession {
	return {
		updates: session.updates,
		write: samples => {
			replica.kill();
			return session.write(samples);
		},
		change: change => session.change(change),
		flush: () => session.flush(),
		end: () => session.end(),
		destroy: reason => session.destroy(reason),
	};
}

describe('placement', () => {
	it('spreads sessions by the work that they were seen to cost, not by their number', async () => {
		// A session on the second replica costs five times as much.
		const {router, clock, replicas} = await open(
			{replicas: 2},
			{engineOf: index => ({stepCostMs: index === 0 ? 10 : 50})},
		);
		for (let session = 0; session < 2; session++) await router.openSession(OPTIONS);
		clock.advance(1000);
		await settle();
		expect(router.routerStatistics().replicas.map(({workPerSecondMs}) => workPerSecondMs)).toEqual([10, 50]);
		for (let session = 0; session < 2; session++) await router.openSession(OPTIONS);
		expect([0, 1].map(index => replicas.live.get(index)!.opened.length)).toEqual([3, 1]);
	});

	it('changes its strategy while it runs, and leaves sessions where they are', async () => {
		const {router, replicas} = await open(
			{replicas: 3, settings: {loadBalanceStrategy: 'round_robin'}},
			{engineOf: index => ({freeDeviceBytes: index === 2 ? 10 : 5})},
		);
		const opened = (): number[] => [0, 1, 2].map(index => replicas.live.get(index)!.opened.length);
		for (let session = 0; session < 4; session++) await router.openSession(OPTIONS);
		expect(opened()).toEqual([2, 1, 1]);
		await router.statistics();
		router.configureRouter({loadBalanceStrategy: 'gpu_memory'});
		for (let session = 0; session < 3; session++) await router.openSession(OPTIONS);
		expect(opened()).toEqual([2, 1, 4]);
		router.configureRouter({loadBalanceStrategy: 'least_loaded'});
		await router.openSession(OPTIONS);
		expect(opened()).toEqual([2, 2, 4]);
		expect(router.routerStatistics().moves).toBe(0);
	});
});

describe('admission', () => {
	it('lets sessions wait in line, tells their positions, and lets them in as others end', async () => {
		const {router, clock} = await open({settings: {maxSessions: 2, maxQueued: 3}});
		const running = [await router.openSession(OPTIONS), await router.openSession(OPTIONS)];
		clock.advance(60_000);
		const told: string[] = [];
		const waiting = ['a', 'b', 'c'].map(name =>
			router.openSession(OPTIONS, {
				onQueued: ({position, etaMs}) => told.push(`${name} ${position} ${etaMs}`),
			}),
		);
		expect(told.splice(0)).toEqual(['a 1 240000', 'b 2 240000', 'c 3 540000']);
		expect(router.routerStatistics()).toMatchObject({sessions: 2, queued: 3});

		void waiting[2]!.catch(() => undefined);
		running[0]!.destroy();
		await waiting[0];
		// One has taken a minute: the other is over it, and is given as long again.
		expect(told.splice(0)).toEqual(['b 1 60000', 'c 2 60000']);
		running[1]!.end();
		void read(running[1]!);
		await waiting[1];
		expect(told).toEqual(['c 1 60000']);
		expect(router.routerStatistics()).toMatchObject({sessions: 2, queued: 1});
	});

	it('refuses another when the line is full, and says when to come again', async () => {
		const {router} = await open({settings: {maxSessions: 1, maxQueued: 1}});
		await router.openSession(OPTIONS);
		void router.openSession(OPTIONS).catch(() => undefined);
		await settle();
		const error = await catchRejection(router.openSession(OPTIONS));
		expect(error).toMatchObject({
			code: 'ENGINE_BUSY',
			message: '1 sessions run, 1 wait, and there is room for no more',
			hint: 'Try again in about 600 s, or raise maxSessions or maxQueued.',
		});
	});

	it('lets one that gives up leave the line at once, and moves up the others', async () => {
		const {router} = await open({settings: {maxSessionsPerReplica: 1, maxQueued: 5}});
		const first = await router.openSession(OPTIONS);
		await router.openSession(OPTIONS);
		const patience = new AbortController();
		const positions: number[] = [];
		const leaving = router.openSession(OPTIONS, {signal: patience.signal});
		const staying = router.openSession(OPTIONS, {onQueued: ({position}) => positions.push(position)});
		const reason = {kind: 'no error at all'};
		patience.abort(reason);
		expect(await leaving.catch((error: unknown) => error)).toBe(reason);
		expect(positions).toEqual([2, 1]);
		first.destroy();
		await staying;
		expect(router.routerStatistics()).toMatchObject({sessions: 2, queued: 0});
	});

	it('lets those in line in when there may be more', async () => {
		const {router} = await open({settings: {maxSessions: 1}});
		await router.openSession(OPTIONS);
		const waiting = [router.openSession(OPTIONS), router.openSession(OPTIONS)];
		await settle();
		router.configureRouter({maxSessions: 3});
		await Promise.all(waiting);
		expect(router.routerStatistics()).toMatchObject({sessions: 3, queued: 0});
	});

	it('asks another replica where one has no room of its own, and waits where none has', async () => {
		const {router, clock} = await open({}, {engine: {maxSessions: 1}});
		const sessions = [await router.openSession(OPTIONS), await router.openSession(OPTIONS)];
		const positions: number[] = [];
		const waiting = router.openSession(OPTIONS, {onQueued: ({position}) => positions.push(position)});
		await settle();
		expect(positions).toEqual([1]);
		sessions[1]!.destroy();
		await settle();
		clock.advance(1000);
		await waiting;
	});

	it('refuses those in line when it closes, and waits for those that run', async () => {
		const {router} = await open({settings: {maxSessions: 1}});
		const session = await router.openSession(OPTIONS);
		const {over} = read(session);
		const waiting = router.openSession(OPTIONS);
		await settle();
		const closing = router.close();
		expect((await catchRejection(waiting)).code).toBe('RESOURCE_CLOSED');
		session.end();
		await closing;
		expect(await over).toBe('ended');
	});
});

describe('a lost replica', () => {
	it('is started again, and takes sessions again', async () => {
		const {router, replicas, events} = await open({replicas: 1});
		replicas.kill(0);
		await settle();
		expect(events.map(({type}) => type)).toEqual(['replica-started', 'replica-lost', 'replica-started']);
		expect(router.routerStatistics().replicas).toMatchObject([
			{id: 'replica-1', state: 'ready', starts: 2, losses: 1},
		]);
		const updates = await runSession(router, {options: OPTIONS, audio: AUDIO});
		expect(updates.at(-1)!.events.at(-1)!.type).toBe('session-ended');
	});

	it('is started again after ever longer waits while it keeps dying before it did anything', async () => {
		const starts: number[] = [];
		const clock = new FakeClock();
		const {replicas} = await open(
			{replicas: 2, clock},
			{
				beforeStart: ({index}) => {
					if (index === 0) starts.push(clock.nowMs());
				},
			},
		);
		for (let round = 0; round < 70; round++) {
			replicas.kill(0);
			await settle();
			clock.advance(125);
		}
		// Each lived for 125 ms.
		const waitsMs = starts.map((startMs, index) => startMs - (starts[index - 1] ?? 0) - 125);
		expect(waitsMs.slice(2)).toEqual([250, 500, 1000, 2000, 4000]);
	});

	it('is given up, with all that waits, only when none is left', async () => {
		let isBroken = false;
		const {router, replicas, clock, events} = await open(
			{replicas: 2, settings: {maxSessions: 2}},
			{
				beforeStart: () => {
					if (isBroken) throw new Error('no such device');
				},
			},
		);
		const {over} = read(await router.openSession(OPTIONS));
		isBroken = true;
		replicas.kill(0);
		for (let round = 0; round < 20; round++) {
			await settle();
			clock.advance(30_000);
		}
		// One is left.
		await router.openSession(OPTIONS);
		const waiting = catchRejection(router.openSession(OPTIONS));
		replicas.kill(1);
		for (let round = 0; round < 5; round++) {
			await settle();
			clock.advance(3000);
		}
		for (const error of [await over, await waiting, await catchRejection(router.openSession(OPTIONS))]) {
			expect(error).toMatchObject({
				code: 'REPLICA_LOST',
				message: 'None of the 2 replicas could be kept running in 5 attempts each',
				cause: {message: 'no such device'},
			});
		}
		expect(events.at(-1)!.type).toBe('router-failed');
	});

	it('keeps its sessions waiting only so long', async () => {
		let isBroken = false;
		const {router, replicas, clock} = await open(
			{replicas: 1, replicaWaitMs: 2000},
			{
				beforeStart: ({signal}) =>
					new Promise<void>((resolve, reject) => {
						if (!isBroken) resolve();
						signal.addEventListener('abort', () => reject(new Error('not wanted')));
					}),
			},
		);
		const session = await router.openSession(OPTIONS);
		const {over} = read(session);
		isBroken = true;
		replicas.kill(0);
		await settle();
		const write = session.write(AUDIO.slice()).catch((error: unknown) => error);
		clock.advance(1999);
		await settle();
		expect(router.routerStatistics().sessions).toBe(1);
		clock.advance(1);
		expect(await over).toMatchObject({
			code: 'REPLICA_LOST',
			message: 'No replica had room for the session within 2 s',
		});
		expect(await write).toBe(await over);
		expect(router.routerStatistics().sessions).toBe(0);
	});

	it('has its sessions back in part when it runs again and they got on', async () => {
		const {router, replicas, clock} = await open({replicas: 2});
		const count = (): number[] => router.routerStatistics().replicas.map(({sessions}) => sessions);
		const open8 = Array.from({length: 8}, () => router.openSession(OPTIONS));
		const sessions = await Promise.all(open8);
		for (const session of sessions) void read(session);
		expect(count()).toEqual([4, 4]);
		replicas.kill(0);
		await settle();
		expect(count()).toEqual([0, 8]);
		await Promise.all(sessions.map(session => session.write(AUDIO.slice(0, 16_000))));
		await settle();
		clock.advance(1000);
		await settle();
		expect(count()).toEqual([4, 4]);
		expect(router.routerStatistics()).toMatchObject({failovers: 4, moves: 4});
		// Those that were at home stay, and those that moved have found one.
		clock.advance(1000);
		await settle();
		expect(router.routerStatistics().moves).toBe(4);
	});

	it('lets go of a writer that waits only when another replica has room', async () => {
		const clock = new FakeClock();
		const {router, replicas} = await open({replicas: 1, clock}, {engine: {clock, stepCostMs: 100}});
		const session = await router.openSession(OPTIONS);
		const {updates} = read(session);
		const room = new AbortController();
		void session.write(AUDIO.slice()).then(() => room.abort());
		await settle();
		replicas.kill(0);
		await settle();
		expect(room.signal.aborted).toBe(false);
		while (!room.signal.aborted) {
			clock.advance(100);
			await settle();
		}
		// The replica may be ten seconds behind.
		expect(updates.length).toBeGreaterThanOrEqual(10);
		expect(updates.length).toBeLessThan(14);
	});
});

describe('a session that takes its replicas down', () => {
	it('is ended after the third, and the others go on to their end', async () => {
		const {router, replicas, events, clock} = await open(
			{replicas: 2},
			{wrap: (session, replica, {id}) => (id === 'poison' ? poison(session, replica) : session)},
		);
		const others = await Promise.all(
			Array.from({length: 6}, async (_, index) => {
				const session = await router.openSession(OPTIONS, {id: `other ${index}`});
				await session.write(AUDIO.slice(0, 16_000 + index * 5000));
				return {session, ...read(session)};
			}),
		);
		const guilty = await router.openSession(OPTIONS, {id: 'poison'});
		const {over} = read(guilty);
		const write = guilty.write(AUDIO.slice()).catch((error: unknown) => error);
		for (let round = 0; round < 100; round++) {
			await settle();
			clock.advance(100);
		}
		const error = await over;
		expect(error).toMatchObject({
			code: 'INTERNAL_FAULT',
			message: 'The session took 3 replicas down at the same place and was ended',
		});
		expect(await write).toBe(error);
		expect(events.filter(({type}) => type === 'session-condemned')).toEqual([
			{type: 'session-condemned', session: 'poison'},
		]);
		expect(replicas.all.filter(({isLost}) => isLost)).toHaveLength(3);
		for (const {session} of others) session.end();
		expect(await Promise.all(others.map(other => other.over))).toEqual(others.map(() => 'ended'));
	});

	it('is refused when merely opening it does so', async () => {
		const {router, clock} = await open(
			{replicas: 2},
			{
				wrap: (_session, replica) => {
					replica.kill();
					throw new InfinisstError('REPLICA_LOST', 'gone while opening');
				},
			},
		);
		const opening = catchRejection(router.openSession(OPTIONS));
		for (let round = 0; round < 10; round++) {
			await settle();
			clock.advance(1000);
		}
		expect((await opening).code).toBe('INTERNAL_FAULT');
		expect(router.routerStatistics().sessions).toBe(0);
	});
});

describe('restartReplica', () => {
	it('moves the sessions to a new one without a word lost, then closes the old one', async () => {
		const {router, replicas} = await open({replicas: 1});
		const session = await router.openSession(OPTIONS);
		const {updates, over} = read(session);
		await session.write(AUDIO.slice(0, 100_000));
		await settle();
		await router.restartReplica('replica-1');
		expect(replicas.all.map(({isClosed}) => isClosed)).toEqual([true, false]);
		await session.write(AUDIO.slice(100_000));
		session.end();
		expect(await over).toBe('ended');
		const whole = await runSession(router, {options: OPTIONS, audio: AUDIO});
		expect(timelessEvents(updates)).toEqual(timelessEvents(whole));
		expect(router.routerStatistics()).toMatchObject({failovers: 0, moves: 1});
	});

	it('leaves the old one as it is when the new one cannot be started', async () => {
		let isBroken = false;
		const {router, replicas} = await open(
			{replicas: 1},
			{
				beforeStart: () => {
					if (isBroken) throw new InfinisstError('MODEL_CORRUPT', 'The model is damaged');
				},
			},
		);
		const session = await router.openSession(OPTIONS);
		isBroken = true;
		expect((await catchRejection(router.restartReplica('replica-1'))).code).toBe('MODEL_CORRUPT');
		expect(replicas.all).toHaveLength(1);
		const {over} = read(session);
		session.end();
		expect(await over).toBe('ended');
	});

	it('names the replicas where one is unknown', async () => {
		const {router} = await open();
		expect(await catchRejection(router.restartReplica('replica-9'))).toMatchObject({
			code: 'OPTION_INVALID',
			hint: 'Choose one of replica-1, replica-2.',
		});
	});
});

describe('settings of the replicas', () => {
	it('reach all that run, and those that are started later', async () => {
		const {router, replicas} = await open({batchSettings: {maxBatchSize: 9}});
		expect((await router.statistics()).map(({settings}) => settings.maxBatchSize)).toEqual([9, 9]);
		expect(await router.configure({batchTimeoutMs: 7})).toMatchObject({maxBatchSize: 9, batchTimeoutMs: 7});
		replicas.kill(0);
		await settle();
		const statistics = await router.statistics();
		expect(statistics.map(({settings}) => [settings.maxBatchSize, settings.batchTimeoutMs])).toEqual([
			[9, 7],
			[9, 7],
		]);
	});
});

describe('opening a router', () => {
	it('fails with what kept the first replica from starting, when none could be started', async () => {
		const failing = openRouter({
			replicas: 2,
			startReplica: () => Promise.reject(new InfinisstError('MODEL_UNKNOWN', 'There is no such model')),
		});
		expect((await catchRejection(failing)).code).toBe('MODEL_UNKNOWN');
	});

	it('goes on when some could be started, and tries the others again', async () => {
		const {router} = await open(
			{replicas: 2},
			{
				beforeStart: (_start, attempt) => {
					if (attempt === 0) throw new Error('not yet');
				},
			},
		);
		await settle();
		expect(router.routerStatistics().replicas.map(({state}) => state)).toEqual(['ready', 'ready']);
	});

	it('ends what it began when its signal fires', async () => {
		const replicas = new KillableReplicas({
			beforeStart: ({index}) =>
				index === 1 ? new Promise<void>(resolve => setImmediate(resolve)) : undefined,
		});
		const patience = new AbortController();
		const opening = openRouter({replicas: 2, startReplica: replicas.start, signal: patience.signal});
		const reason = {kind: 'no error at all'};
		patience.abort(reason);
		expect(await opening.catch((error: unknown) => error)).toBe(reason);
		expect(replicas.all.every(({isClosed}) => isClosed)).toBe(true);
	});
});

describe('memory', () => {
	it('holds only the audio that is not final, however long a session is', async () => {
		const {router} = await open({replicas: 1}, {engine: {clock: new FakeClock()}});
		let mostBytes = 0;
		await runSession(router, {
			options: OPTIONS,
			audio: scriptedAudio(300),
			chunkSamples: 1600,
			onWritten: () => (mostBytes = Math.max(mostBytes, router.routerStatistics().journalBytes)),
		});
		// What the replica may be behind, and what it keeps for the next look.
		expect(mostBytes).toBeLessThan(13 * 64_000);
		expect(mostBytes).toBeGreaterThan(0);
	});
});
