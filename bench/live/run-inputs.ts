import type {LatencyMultiplier, ReplicaStatistics} from '../../src/core/engine/engine.js';
import type {Clock} from '../../src/core/util/clock.js';
import type {LiveInput} from './live-input.js';
import type {LiveContestant, LiveTask} from './live-stream.js';
import {type ClientRecord, runClient} from './paced-client.js';

export interface InputRun {
	readonly input: LiveInput;
	readonly record: ClientRecord;
}

/** What some inputs cost and brought. */
export interface RunOutcome {
	readonly runs: readonly InputRun[];
	readonly wallMs: number;
	readonly audioMs: number;
	/** Spent while they ran. */
	readonly engineCpuMs: number;
	readonly clientCpuMs: number;
	/** The most that was seen. */
	readonly residentBytes: number;
	/** How often so many sessions were decoded together. */
	readonly batchSizes: Readonly<Record<number, number>>;
	/** Loops stopped, texts on silence dropped, and so on. */
	readonly guards: Readonly<Record<string, number>>;
	/** Means over the run, and the 95th percentile of the last thousand; of the replica where it is largest. */
	readonly queueWaitMs: {readonly mean: number; readonly p95: number} | undefined;
}

export interface RunOptions {
	readonly contestant: LiveContestant;
	readonly task: LiveTask;
	readonly latencyMultiplier: LatencyMultiplier;
	readonly pace: 'paced' | 'unpaced';
	readonly blockMs: number;
	/** Sessions at a time. */
	readonly atOnce: number;
	/** Between the beginnings of sessions that run at once, so that they do not all look at the same moment. */
	readonly staggerMs: number;
	readonly drainMs?: number;
	readonly clock: Clock;
}

/** How often the memory is looked at. */
const SAMPLE_EVERY_MS = 1000;

/** Plays the inputs to a program, some at a time, and counts what it used. */
export async function runInputs(inputs: readonly LiveInput[], options: RunOptions): Promise<RunOutcome> {
	const {contestant, task, latencyMultiplier, pace, blockMs, atOnce, staggerMs, drainMs, clock} = options;
	const before = {usage: await contestant.usage(), statistics: await contestant.statistics()};
	let residentBytes = before.usage.residentBytes;
	const sampler = setInterval(() => {
		contestant.usage().then(
			usage => (residentBytes = Math.max(residentBytes, usage.residentBytes)),
			// A process that has just ended has no memory.
			() => undefined,
		);
	}, SAMPLE_EVERY_MS);
	const startedMs = clock.nowMs();
	const waiting = [...inputs.entries()];
	const runs: InputRun[] = new Array<InputRun>(inputs.length);
	const play = async (place: number): Promise<void> => {
		for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
			const [index, input] = next;
			const {language} = input;
			const stream = await contestant.openStream({language, task, latencyMultiplier, pace});
			const record = await runClient({
				stream,
				samples: input.samples,
				language: task === 'translate' ? 'en' : language,
				pace,
				blockMs,
				// Only the first ones begin together.
				startAtMs: index < atOnce ? Math.max(startedMs + place * staggerMs, clock.nowMs()) : clock.nowMs(),
				...(drainMs !== undefined && {drainMs}),
				clock,
			});
			runs[index] = {input, record};
		}
	};
	try {
		await Promise.all(Array.from({length: Math.min(atOnce, inputs.length)}, (_, place) => play(place)));
	} finally {
		clearInterval(sampler);
	}
	const wallMs = clock.nowMs() - startedMs;
	const after = {usage: await contestant.usage(), statistics: await contestant.statistics()};
	const queueWaits = (after.statistics ?? []).map((replica, index) =>
		distributionSince(replica.queueWaitMs, before.statistics?.[index]?.queueWaitMs),
	);
	return {
		runs,
		wallMs,
		audioMs: inputs.reduce((sum, {audioMs}) => sum + audioMs, 0),
		engineCpuMs: after.usage.engineCpuMs - before.usage.engineCpuMs,
		clientCpuMs: after.usage.clientCpuMs - before.usage.clientCpuMs,
		residentBytes: Math.max(residentBytes, after.usage.residentBytes),
		batchSizes: countSince(after.statistics, before.statistics, ({batchSizes}) => batchSizes),
		guards: countSince(after.statistics, before.statistics, ({guards}) => guards),
		queueWaitMs: queueWaits.sort((left, right) => right.p95 - left.p95)[0],
	};
}

/** Counts of all replicas since an earlier look, those that are 0 left out. */
export function countSince(
	after: readonly ReplicaStatistics[] | undefined,
	before: readonly ReplicaStatistics[] | undefined,
	read: (replica: ReplicaStatistics) => Readonly<Record<string, number>>,
): Record<string, number> {
	const counts = new Map<string, number>();
	const add = (replicas: readonly ReplicaStatistics[] | undefined, sign: 1 | -1) => {
		for (const replica of replicas ?? []) {
			for (const [key, count] of Object.entries(read(replica))) {
				counts.set(key, (counts.get(key) ?? 0) + sign * count);
			}
		}
	};
	add(after, 1);
	add(before, -1);
	return Object.fromEntries([...counts].filter(([, count]) => count !== 0));
}

interface Waits {
	readonly count: number;
	readonly mean: number;
	readonly p95: number;
}

function distributionSince(after: Waits, before: Waits | undefined): {mean: number; p95: number} {
	const count = after.count - (before?.count ?? 0);
	const total = after.mean * after.count - (before === undefined ? 0 : before.mean * before.count);
	return {mean: count > 0 ? total / count : 0, p95: after.p95};
}
