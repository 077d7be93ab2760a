import {describe, expect, it} from 'vitest';

import type {
	EngineSession,
	LatencyMultiplier,
	SessionOptions,
} from '../../../../../src/core/engine/engine.js';
import {LOAD_BALANCE_STRATEGIES} from '../../../../../src/core/engine/router/placement/placements.js';
import {openRouter} from '../../../../../src/core/engine/router/router.js';
import {findBrokenRules} from '../../../../../src/core/engine/testing/event-rules.js';
import {createScriptedEngine} from '../../../../../src/core/engine/testing/scripted-engine.js';
import type {SessionUpdate} from '../../../../../src/core/engine/engine.js';
import {createRandom} from '../../../../../src/core/util/random.js';
import {runSession, timelessEvents, type ScriptedCommand} from '../../../../contract/run-session.js';
import {FakeClock} from '../../../../helpers/fake-context.js';
import {KillableReplicas} from '../../../../helpers/killable-replicas.js';
import {scriptedAudio} from '../../../../helpers/scripted-audio.js';

const RUNS = 200;
const BLOCKS = 8;
const SESSIONS = 8;
const AUDIO = scriptedAudio(40);

interface Speaker {
	readonly options: SessionOptions;
	readonly audio: Float32Array;
	readonly chunks: readonly number[];
	readonly commands: readonly ScriptedCommand[];
}

describe('sessions whose replicas are killed at random moments', () => {
	it.each(Array.from({length: BLOCKS}, (_, block) => block))(
		'hear and say exactly what they would have undisturbed (block %i)',
		async block => {
			let failovers = 0;
			let moves = 0;
			for (let run = 0; run < RUNS / BLOCKS; run++) {
				const seed = block * 1000 + run;
				const counts = await runWithKills(seed).catch((cause: unknown) => {
					throw new Error(`seed ${seed} failed`, {cause});
				});
				failovers += counts.failovers;
				moves += counts.moves;
			}
			// Else nothing was shown.
			expect(failovers).toBeGreaterThan(RUNS / BLOCKS);
			expect(moves).toBeGreaterThan(0);
		},
	);
});

async function runWithKills(seed: number): Promise<{failovers: number; moves: number}> {
	const random = createRandom(seed);
	const below = (limit: number): number => Math.floor(random() * limit);
	const clock = new FakeClock();
	/** For each session, since a replica told it anything. */
	const kills = new Map<string, number>();
	const kept: KeptAudio[] = [];
	const replicas = new KillableReplicas({
		engine: {clock, stepCostMs: below(3) * 20, openCostMs: below(3) * 30},
		tellsGone: random() < 0.5,
		beforeStart: (_start, attempt) => {
			if (attempt > 2 && random() < 0.2) throw new Error('no luck');
		},
		wrap: (session, _replica, {id}) => watch(session, () => void kills.set(id!, 0), kept),
	});
	const router = await openRouter({
		replicas: 1 + below(3),
		startReplica: replicas.start,
		clock,
		// Replicas are killed so often here that starting them again is put off.
		replicaWaitMs: 1e9,
		onEvent: ({type}) => {
			if (type === 'replica-lost') for (const [id, count] of kills) kills.set(id, count + 1);
		},
		settings: {loadBalanceStrategy: LOAD_BALANCE_STRATEGIES[below(3)]!},
	});
	const speakers = Array.from({length: SESSIONS}, () => makeSpeaker(below));
	const turn = async (): Promise<void> => {
		for (let turns = below(4); turns >= 0; turns--) await new Promise(resolve => setImmediate(resolve));
	};
	const runs = speakers.map(async (speaker, index) => {
		await turn();
		const id = `speaker ${index}`;
		kills.set(id, 0);
		const session = await router.openSession(speaker.options, {id});
		const updates: SessionUpdate[] = [];
		const write = tellAll(session, speaker, turn);
		for await (const update of session.updates) {
			updates.push(update);
			if (random() < 0.1) await turn();
		}
		await write;
		kills.delete(id);
		return updates;
	});
	const all = Promise.all(runs);
	const over = new AbortController();
	const done = all.finally(() => over.abort());
	while (!over.signal.aborted) {
		await new Promise(resolve => setImmediate(resolve));
		clock.advance(below(60));
		const index = [...replicas.live.keys()][below(replicas.live.size)];
		if (index === undefined) continue;
		// A session is given up when three replicas are lost while it does not get on.
		const isSafe =
			replicas.all.every(({isLost, isClosed}) => !isLost || isClosed) &&
			[...kills.values()].every(count => count < 2);
		if (isSafe && random() < 0.08) {
			replicas.kill(index);
		} else if (random() < 0.01) {
			// It fails where starting does, or where the replica was lost by now.
			void router.restartReplica(`replica-${index + 1}`).catch(() => undefined);
		}
	}
	const heard = await done;
	for (const [index, speaker] of speakers.entries()) {
		const events = timelessEvents(heard[index]!);
		expect(findBrokenRules(events, speaker.options), `seed ${seed}, session ${index}`).toEqual([]);
		expect(events, `seed ${seed}, session ${index}`).toEqual(await undisturbed(speaker));
	}
	expect(kept.filter(({samples, copy}) => !samples.every((sample, place) => sample === copy[place]))).toEqual(
		[],
	);
	const {failovers, moves, journalBytes, sessions} = router.routerStatistics();
	expect({journalBytes, sessions}).toEqual({journalBytes: 0, sessions: 0});
	await router.destroy();
	return {failovers, moves};
}

/** What a replica was told, and how it was then. */
interface KeptAudio {
	readonly samples: Float32Array;
	readonly copy: Float32Array;
}

/** Tells of each update that is read, and keeps the audio. */
function watch(session: EngineSession, onUpdate: () => void, kept: KeptAudio[]): EngineSession {
	return {
		updates: {
			async *[Symbol.asyncIterator]() {
				for await (const update of session.updates) {
					onUpdate();
					yield update;
				}
			},
		},
		write(samples) {
			kept.push({samples, copy: samples.slice()});
			return session.write(samples);
		},
		change: change => session.change(change),
		flush: () => session.flush(),
		end: () => session.end(),
		destroy: reason => session.destroy(reason),
	};
}

function makeSpeaker(below: (limit: number) => number): Speaker {
	const start = below(AUDIO.length - 15 * 16_000);
	const audio = AUDIO.subarray(start, start + 16_000 + below(8 * 16_000));
	const largest = [400, 4000, 40_000, 400_000][below(4)]!;
	const chunks: number[] = [];
	for (let left = audio.length; left > 0; left -= chunks.at(-1)!)
		chunks.push(Math.min(left, 1 + below(largest)));
	const commands = Array.from({length: below(4)}, () => below(audio.length))
		.sort((a, b) => a - b)
		.map((atSample): ScriptedCommand =>
			below(2) === 0
				? {atSample, flush: true}
				: {atSample, change: {latencyMultiplier: (1 + below(4)) as LatencyMultiplier}},
		);
	return {
		options: {
			sourceLanguage: below(2) === 0 ? 'auto' : 'de',
			targets: below(2) === 0 ? ['same'] : ['same', 'en'],
			latencyMultiplier: (1 + below(2)) as LatencyMultiplier,
			words: below(2) === 0,
		},
		audio,
		chunks,
		commands,
	};
}

async function tellAll(
	session: EngineSession,
	{audio, chunks, commands}: Speaker,
	turn: () => Promise<void>,
): Promise<void> {
	const waiting = [...commands];
	let position = 0;
	const obey = (): void => {
		while (waiting[0] !== undefined && waiting[0].atSample <= position) {
			const command = waiting.shift()!;
			if ('change' in command) session.change(command.change);
			else session.flush();
		}
	};
	for (const chunk of chunks) {
		for (let left = chunk; left > 0;) {
			obey();
			const length = Math.min(left, (waiting[0]?.atSample ?? Infinity) - position);
			await session.write(audio.slice(position, position + length));
			position += length;
			left -= length;
		}
		await turn();
	}
	obey();
	session.end();
}

async function undisturbed({options, audio, commands}: Speaker) {
	const engine = createScriptedEngine();
	return timelessEvents(await runSession(engine, {options, audio, commands}));
}
