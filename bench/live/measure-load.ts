import type {LatencyMultiplier} from '../../src/core/engine/engine.js';
import {type ErrorRate} from '../../src/core/scoring/error-rate.js';
import type {Clock} from '../../src/core/util/clock.js';
import {interleave} from '../kit/interleave.js';
import type {LiveInput} from './live-input.js';
import type {LiveContestant} from './live-stream.js';
import {DRAIN_MS} from './measure-curve.js';
import {transcriptOf} from './paced-client.js';
import {runInputs} from './run-inputs.js';
import {captionLags, type CostSummary, type LagSummary, rateCaptions, summariseCost} from './summaries.js';

/** A number of sessions counts as served while ... */
export const MAX_POINTS_WORSE = 3;

/** ... and the 95th percentile of the lag is no more than this, by latency multiplier. */
export const MAX_P95_MS: Readonly<Record<LatencyMultiplier, number>> = {1: 3000, 2: 4500, 3: 5000, 4: 5000};

/** What so many speakers at once got. */
export interface LoadPoint {
	readonly latencyMultiplier: LatencyMultiplier;
	readonly sessions: number;
	/** Undefined: the default. */
	readonly maxBatchSize?: number;
	readonly lag: LagSummary;
	/** Of the texts against what was said. */
	readonly errorRate: ErrorRate;
	/** Of the same streams, each played alone. */
	readonly aloneErrorRate?: ErrorRate;
	/** Percent less percent. */
	readonly pointsWorse?: number;
	/** Streams whose text is the same as alone. */
	readonly sameText?: number;
	readonly cost: CostSummary;
	/** Whether all sessions were served within the bounds. */
	readonly isServed: boolean;
}

export interface LoadOptions {
	readonly contestant: LiveContestant;
	readonly latencyMultiplier: LatencyMultiplier;
	readonly blockMs: number;
	readonly clock: Clock;
}

/** Texts of streams that were alone with the program. */
export type AloneTexts = ReadonlyMap<LiveInput, string>;

/** Plays streams one after another as fast as they are taken: what each would say with nobody beside it. */
export async function readAloneTexts(
	inputs: readonly LiveInput[],
	options: LoadOptions,
): Promise<AloneTexts> {
	const {runs} = await runInputs(inputs, {
		...options,
		...{task: 'transcribe', pace: 'unpaced', atOnce: 1, staggerMs: 0},
	});
	return new Map(runs.map(({input, record}) => [input, transcriptOf(record)]));
}

/** Plays all streams at the pace of speech, at once. */
export async function measureLoadPoint(
	inputs: readonly LiveInput[],
	alone: AloneTexts | undefined,
	options: LoadOptions,
): Promise<LoadPoint> {
	const {latencyMultiplier, blockMs} = options;
	const outcome = await runInputs(inputs, {
		...options,
		task: 'transcribe',
		pace: 'paced',
		atOnce: inputs.length,
		drainMs: DRAIN_MS,
		// Spread over the longest time between two looks, as speakers who begin when they like.
		staggerMs: (1000 * latencyMultiplier) / inputs.length,
	});
	const texts = outcome.runs.map(({input, record}) => ({input, text: transcriptOf(record)}));
	const errorRate = rateCaptions(texts);
	const aloneErrorRate = alone && rateCaptions(inputs.map(input => ({input, text: alone.get(input) ?? ''})));
	const pointsWorse = aloneErrorRate && 100 * (errorRate.rate - aloneErrorRate.rate);
	const lag = captionLags(outcome.runs, blockMs);
	const cost = summariseCost(outcome);
	return {
		latencyMultiplier,
		sessions: inputs.length,
		lag,
		errorRate,
		...(aloneErrorRate !== undefined && {aloneErrorRate}),
		...(pointsWorse !== undefined && {pointsWorse}),
		...(alone !== undefined && {
			sameText: texts.filter(({input, text}) => alone.get(input) === text).length,
		}),
		cost,
		isServed:
			cost.unfinishedSessions === 0 &&
			(pointsWorse ?? 0) <= MAX_POINTS_WORSE &&
			lag.p95Ms <= MAX_P95_MS[latencyMultiplier],
	};
}

/** The same load with batches and without, in turn. */
export async function measureBatching(
	inputs: readonly LiveInput[],
	rounds: number,
	options: LoadOptions,
): Promise<LoadPoint[]> {
	const {setMaxBatchSize} = options.contestant;
	if (setMaxBatchSize === undefined) throw new Error(`${options.contestant.name} has no batches.`);
	const sizes: readonly (number | undefined)[] = [undefined, 1];
	const results = await interleave(sizes, rounds, async maxBatchSize => {
		await setMaxBatchSize(maxBatchSize);
		const point = await measureLoadPoint(inputs, undefined, options);
		return {...point, ...(maxBatchSize !== undefined && {maxBatchSize})};
	});
	await setMaxBatchSize(undefined);
	return [...results.values()].flat();
}

/** The largest number of sessions that was served, with all smaller ones of the list. 0: none. */
export function largestServed(points: readonly LoadPoint[]): number {
	let largest = 0;
	for (const point of [...points].sort((left, right) => left.sessions - right.sessions)) {
		if (!point.isServed) break;
		largest = point.sessions;
	}
	return largest;
}
