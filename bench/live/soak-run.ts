import {SAMPLE_RATE_HZ} from '../../src/core/audio/audio-source.js';
import type {EngineSession, LatencyMultiplier, ReplicaStatistics} from '../../src/core/engine/engine.js';
import {mean, slope} from '../kit/statistics.js';
import {readSamples} from '../kit/read-samples.js';
import {readUsage} from './engine-contestant.js';
import type {LiveEngine} from './open-live-engine.js';
import {countSince} from './run-inputs.js';

/** What one round of the recordings cost. All rounds are the same audio, so they should cost the same. */
export interface SoakSample {
	/** Listened to since the session began. */
	readonly audioMs: number;
	/** Since the session began. */
	readonly wallMs: number;
	/** Memory of the process that the model is in. */
	readonly residentBytes: number;
	/** Processor time for a second of audio. */
	readonly cpuMsPerSecond: number;
	/** Tokens decoded for a second of audio. */
	readonly tokensPerSecond: number;
	/** Windows encoded for a second of audio. */
	readonly encodesPerSecond: number;
	/** Mean of what the session says: from the arrival of the last sample looked at to its text. */
	readonly lagMs: number;
	/** Words that became final. */
	readonly words: number;
}

export interface SoakRun {
	/** One a round, in order. */
	readonly samples: readonly SoakSample[];
	readonly audioMs: number;
	readonly wallMs: number;
	readonly guards: Readonly<Record<string, number>>;
}

export interface SoakOptions {
	readonly engine: LiveEngine;
	/** Recordings that are played one after another, round after round. */
	readonly paths: readonly string[];
	/** Code of the language spoken in all of them. */
	readonly language: string;
	/** Of speech; whole rounds are played, at least as long as this. */
	readonly minutes: number;
	readonly latencyMultiplier: LatencyMultiplier;
	readonly onSample?: (sample: SoakSample) => void;
}

const BLOCK_SAMPLES = SAMPLE_RATE_HZ;

/** Plays speech for hours through one session, as fast as it is taken, and watches what that costs. */
export async function runSoak(options: SoakOptions): Promise<SoakRun> {
	const {paths, language, minutes, latencyMultiplier, onSample} = options;
	const {engine, runsInProcesses} = options.engine;
	const round = await readSamples(...paths);
	const roundMs = (round.length * 1000) / SAMPLE_RATE_HZ;
	const rounds = Math.ceil((minutes * 60_000) / roundMs);
	const readState = async () => ({
		statistics: await engine.statistics(),
		usage: await readUsage(runsInProcesses),
	});

	const session = await engine.openSession({sourceLanguage: language, targets: ['same'], latencyMultiplier});
	const startedMs = performance.now();
	const first = await readState();
	let before = first;
	const samples: SoakSample[] = [];
	let sampledMs = 0;
	let lags: number[] = [];
	let words = 0;
	const writing = writeRounds(session, round, rounds);
	// What went wrong is told by the updates; this would be told twice.
	writing.catch(() => undefined);
	for await (const {events} of session.updates) {
		let audioMs: number | undefined;
		for (const event of events) {
			if (event.type === 'text-final') words += event.text.split(/\s+/).filter(Boolean).length;
			if (event.type !== 'lag-measured') continue;
			lags.push(event.lagMs);
			({audioMs} = event);
		}
		if (audioMs === undefined || audioMs < (samples.length + 1) * roundMs) continue;
		const now = await readState();
		const seconds = (audioMs - sampledMs) / 1000;
		const sample: SoakSample = {
			audioMs,
			wallMs: performance.now() - startedMs,
			residentBytes: Math.max(...now.statistics.map(({residentBytes}) => residentBytes)),
			cpuMsPerSecond: (now.usage.engineCpuMs - before.usage.engineCpuMs) / seconds,
			tokensPerSecond: (countTokens(now.statistics) - countTokens(before.statistics)) / seconds,
			encodesPerSecond: (countEncodes(now.statistics) - countEncodes(before.statistics)) / seconds,
			lagMs: mean(lags),
			words,
		};
		samples.push(sample);
		onSample?.(sample);
		before = now;
		sampledMs = audioMs;
		lags = [];
		words = 0;
	}
	await writing;
	return {
		samples,
		audioMs: rounds * roundMs,
		wallMs: performance.now() - startedMs,
		guards: countSince(await engine.statistics(), first.statistics, ({guards}) => guards),
	};
}

/** How a quantity moves as the hours go by. */
export interface Trend {
	readonly mean: number;
	/** Of the line with the least squares, in an hour of audio. */
	readonly perHour: number;
	/** `perHour` in percent of the mean. */
	readonly percentPerHour: number;
}

/** @param samples - without those at the beginning, when caches still fill. */
export function trendOf(samples: readonly SoakSample[], read: (sample: SoakSample) => number): Trend {
	const values = samples.map(read);
	const perHour = slope(
		samples.map(({audioMs}) => audioMs / 3_600_000),
		values,
	);
	return {mean: mean(values), perHour, percentPerHour: (100 * perHour) / mean(values)};
}

/** What allocators take and keep at their own pace; what a session holds of a window is a tenth of it. */
const MAX_GROWTH_BYTES = 48 * 2 ** 20;

/** The windows of two rounds need not lie alike, as the text before them is another; so much their costs may differ. */
const MAX_COST_RATIO = 1.2;

/**
 * What is wrong with a soak: a sentence each, none for a good one. Compares the last third of the rounds with the first
 * third after the first tenth; nothing that depends on the speed of the machine.
 */
export function findGrowth({samples}: Pick<SoakRun, 'samples'>): string[] {
	const settled = samples.slice(Math.ceil(samples.length / 10));
	const third = Math.floor(settled.length / 3);
	if (third === 0) return [`${samples.length} rounds are too few to compare`];
	const [early, late] = [settled.slice(0, third), settled.slice(-third)];
	const found: string[] = [];
	// The least of what was held late: a peak may be chance, a floor that rises is a leak.
	const grownBytes =
		Math.min(...late.map(({residentBytes}) => residentBytes)) -
		Math.max(...early.map(({residentBytes}) => residentBytes));
	if (grownBytes > MAX_GROWTH_BYTES) found.push(`memory grew by ${(grownBytes / 2 ** 20).toFixed(0)} MiB`);
	const compare = (name: string, read: (sample: SoakSample) => number, least: number, most: number) => {
		const ratio = mean(late.map(read)) / mean(early.map(read));
		if (!(ratio >= least && ratio <= most)) found.push(`${name} became ${ratio.toFixed(2)} times as many`);
	};
	compare('tokens decoded', ({tokensPerSecond}) => tokensPerSecond, 1 / MAX_COST_RATIO, MAX_COST_RATIO);
	compare('windows encoded', ({encodesPerSecond}) => encodesPerSecond, 1 / MAX_COST_RATIO, MAX_COST_RATIO);
	compare('words', ({words}) => words, 1 / MAX_COST_RATIO, MAX_COST_RATIO);
	return found;
}

async function writeRounds(session: EngineSession, round: Float32Array, rounds: number): Promise<void> {
	for (let played = 0; played < rounds; played += 1) {
		for (let at = 0; at < round.length; at += BLOCK_SAMPLES) {
			await session.write(round.slice(at, at + BLOCK_SAMPLES));
		}
	}
	session.end();
}

function countTokens(replicas: readonly ReplicaStatistics[]): number {
	const sizes = replicas.flatMap(({batchSizes}) => Object.entries(batchSizes));
	return sizes.reduce((sum, [size, count]) => sum + Number(size) * count, 0);
}

function countEncodes(replicas: readonly ReplicaStatistics[]): number {
	return replicas.reduce((sum, {encodeMs}) => sum + encodeMs.count, 0);
}
