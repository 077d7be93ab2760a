import type {Engine, SessionOptions, SessionUpdate} from '../../src/core/engine/engine.js';
import {openRouter} from '../../src/core/engine/router/router.js';
import type {RouterEvent} from '../../src/core/engine/router/router-event.js';
import {openChildReplica} from '../../src/core/engine/transport/child-replica.js';
import type {ReplicaModule} from '../../src/core/engine/transport/replica-module.js';
import type {SessionEvent} from '../../src/core/session/session-event.js';
import {systemClock} from '../../src/core/util/clock.js';
import {createRandom} from '../../src/core/util/random.js';

const SAMPLES_PER_MS = 16;
const BLOCK_MS = 100;
/** Between two kills, from when all replicas run again: long enough for each session to get on. */
const LEAST_REST_MS = 500;
const MOST_REST_MS = 3000;

export interface FailoverRunOptions {
	/** @param id - of the replica. */
	readonly describeReplica: (id: string) => ReplicaModule;
	/** Processes at once. */
	readonly replicas: number;
	readonly kills: number;
	/** One session each: mono at 16 kHz. Those that have run out begin again, until all kills are done. */
	readonly clips: readonly Float32Array[];
	readonly options: SessionOptions;
	/** Of the audio, in proportion to real time. */
	readonly speed: number;
	readonly seed: number;
	/** Told after each kill, when all of its sessions go on. */
	readonly onKill?: (kill: Kill) => void;
}

/** What one `kill -9` did. */
export interface Kill {
	readonly replica: string;
	readonly sessions: readonly Pause[];
}

export interface Pause {
	readonly session: string;
	/** From when the loss was noticed until another replica had been told what was not yet final. */
	readonly reopenMs: number;
	/** From the kill until the session's reader was told anything. */
	readonly silenceMs: number;
}

export interface FailoverRun {
	readonly kills: readonly Kill[];
	/** Sessions that ran from begin to end. */
	readonly sessions: number;
	readonly audioMs: number;
	readonly finals: number;
	/** For each session that said anything else than it does undisturbed: which, and where. */
	readonly differences: readonly string[];
	readonly failovers: number;
}

/**
 * Plays a clip to each of several sessions over replicas in processes of their own, again and again, while one
 * process after the other is killed at a random moment, and compares what is said with an undisturbed run.
 */
export async function runFailover(run: FailoverRunOptions): Promise<FailoverRun> {
	const {describeReplica, clips, options, seed} = run;
	const expected = await playUndisturbed(describeReplica('undisturbed'), clips, options);
	const random = createRandom(seed);
	const processes = new Map<string, number>();
	/** Those that wait for the next update of a session. */
	const waiting = new Map<string, () => void>();
	const reopened: Extract<RouterEvent, {type: 'session-reopened'}>[] = [];
	const lost = new Set<string>();
	const router = await openRouter({
		replicas: run.replicas,
		startReplica: ({id, signal}) =>
			openChildReplica(describeReplica(id), {
				id,
				signal,
				onStart: processId => processes.set(id, processId),
			}),
		onEvent: event => {
			if (event.type === 'session-reopened' && !event.isMoved) reopened.push(event);
			if (event.type === 'replica-lost') lost.add(event.id);
		},
	});
	const stop = new AbortController();
	const told = (session: string): void => {
		waiting.get(session)?.();
		waiting.delete(session);
	};
	const totals = {sessions: 0, audioMs: 0, finals: 0};
	const differences: string[] = [];
	const speak = async (clip: Float32Array, index: number): Promise<void> => {
		// Not all in step.
		await wait(random() * 1000);
		for (let round = 0; round === 0 || !stop.signal.aborted; round++) {
			const id = `speaker ${index}, round ${round}`;
			const updates = await play(router, clip, options, {id, speed: run.speed, onUpdate: () => told(id)});
			const events = withoutTimes(updates);
			totals.sessions++;
			totals.audioMs += clip.length / SAMPLES_PER_MS;
			totals.finals += events.filter(({type}) => type === 'text-final').length;
			const difference = findDifference(events, expected[index]!);
			if (difference !== undefined) differences.push(`${id}: ${difference}`);
		}
	};
	const kills: Kill[] = [];
	const killAll = async (): Promise<void> => {
		while (kills.length < run.kills) {
			while (router.routerStatistics().replicas.some(({state}) => state !== 'ready')) await wait(20);
			await wait(LEAST_REST_MS + random() * (MOST_REST_MS - LEAST_REST_MS));
			const serving = router.routerStatistics().replicas.filter(({sessions}) => sessions > 0);
			const victim = serving[Math.floor(random() * serving.length)];
			if (victim === undefined) continue;
			const served = (await router.statistics()).find(({id}) => id === victim.id)?.sessions ?? [];
			reopened.length = 0;
			lost.delete(victim.id);
			const killedAtMs = systemClock.nowMs();
			process.kill(processes.get(victim.id)!, 'SIGKILL');
			const silences = await Promise.all(
				served.map(async ({id}) => {
					await new Promise<void>(resolve => waiting.set(id, resolve));
					return {session: id, silenceMs: systemClock.nowMs() - killedAtMs};
				}),
			);
			while (!lost.has(victim.id)) await wait(5);
			const kill = {
				replica: victim.id,
				sessions: silences.flatMap(({session, silenceMs}) => {
					// One that ended just then has not gone on.
					const event = reopened.find(other => other.session === session);
					return event === undefined ? [] : [{session, silenceMs, reopenMs: event.pauseMs}];
				}),
			};
			kills.push(kill);
			run.onKill?.(kill);
		}
	};
	try {
		const speaking = Promise.all(clips.map((clip, index) => speak(clip, index)));
		// A session that fails ends the run.
		await Promise.race([killAll(), speaking]);
		stop.abort();
		await speaking;
		return {kills, ...totals, differences, failovers: router.routerStatistics().failovers};
	} finally {
		stop.abort();
		await router.destroy();
	}
}

async function playUndisturbed(
	replica: ReplicaModule,
	clips: readonly Float32Array[],
	options: SessionOptions,
): Promise<SessionEvent[][]> {
	const engine = await openChildReplica(replica);
	try {
		return await Promise.all(
			clips.map(async (clip, index) =>
				withoutTimes(await play(engine, clip, options, {id: `undisturbed ${index}`, speed: Infinity})),
			),
		);
	} finally {
		await engine.destroy();
	}
}

interface PlayOptions {
	readonly id: string;
	readonly speed: number;
	readonly onUpdate?: () => void;
}

async function play(
	engine: Engine,
	clip: Float32Array,
	options: SessionOptions,
	{id, speed, onUpdate = () => undefined}: PlayOptions,
): Promise<SessionUpdate[]> {
	const session = await engine.openSession(options, {id});
	const updates: SessionUpdate[] = [];
	const read = async (): Promise<void> => {
		for await (const update of session.updates) {
			updates.push(update);
			onUpdate();
		}
	};
	const reading = read();
	const write = async (): Promise<void> => {
		const startMs = systemClock.nowMs();
		for (let atMs = 0; atMs * SAMPLES_PER_MS < clip.length; atMs += BLOCK_MS) {
			const waitMs = startMs + (atMs + BLOCK_MS) / speed - systemClock.nowMs();
			if (waitMs > 0) await wait(waitMs);
			await session.write(clip.slice(atMs * SAMPLES_PER_MS, (atMs + BLOCK_MS) * SAMPLES_PER_MS));
		}
		session.end();
	};
	await Promise.all([reading, Promise.race([write(), reading])]);
	onUpdate();
	return updates;
}

/** The events without what depends on when they came. */
function withoutTimes(updates: readonly SessionUpdate[]): SessionEvent[] {
	return updates.flatMap(({events}) =>
		events.map(event => (event.type === 'lag-measured' ? {...event, lagMs: 0} : event)),
	);
}

/** The first event that is not as it should be. */
function findDifference(
	events: readonly SessionEvent[],
	expected: readonly SessionEvent[],
): string | undefined {
	for (let index = 0; index < Math.max(events.length, expected.length); index++) {
		const [seen, wanted] = [events[index], expected[index]];
		if (JSON.stringify(seen) === JSON.stringify(wanted)) continue;
		return `event ${index} is ${JSON.stringify(seen)}, not ${JSON.stringify(wanted)}`;
	}
	return undefined;
}

function wait(delayMs: number): Promise<void> {
	return new Promise(resolve => setTimeout(resolve, delayMs));
}
