import {describe, expect, it} from 'vitest';
import {createEngineContestant} from '../../../../bench/live/engine-contestant.js';
import type {LiveInput} from '../../../../bench/live/live-input.js';
import {measureCurvePoint} from '../../../../bench/live/measure-curve.js';
import {
	largestServed,
	type LoadPoint,
	measureLoadPoint,
	readAloneTexts,
} from '../../../../bench/live/measure-load.js';
import {countSince} from '../../../../bench/live/run-inputs.js';
import type {ReplicaStatistics} from '../../../../src/core/engine/engine.js';
import {createScriptedEngine} from '../../../../src/core/engine/testing/scripted-engine.js';
import {systemClock} from '../../../../src/core/util/clock.js';

const served = (sessions: number, isServed: boolean) => ({sessions, isServed}) as LoadPoint;

describe('the largest number of sessions served', () => {
	it.each([
		['is the largest of all when all were served', [served(1, true), served(8, true)], 8],
		['is the one before the first that was not', [served(8, false), served(1, true), served(16, true)], 1],
		['is none when one was too many', [served(1, false)], 0],
	])('%s', (_title, points, expected) => {
		expect(largestServed(points)).toBe(expected);
	});
});

describe('counts since an earlier look', () => {
	it('are summed over replicas, without those that did not move', () => {
		const replica = (batchSizes: Record<number, number>) => ({batchSizes}) as ReplicaStatistics;
		const after = [replica({1: 5, 2: 3}), replica({1: 4})];
		const before = [replica({1: 2, 2: 3}), replica({1: 1})];
		expect(countSince(after, before, ({batchSizes}) => batchSizes)).toEqual({1: 6});
	});
});

/** The scripted engine hears a word in each half second that is not silent. */
function makeInput(name: string, seconds: number, pitch: number): LiveInput {
	const samples = Float32Array.from({length: seconds * 16_000}, (_, index) => Math.sin(index * pitch) / 2);
	return {
		...{name, language: 'en', samples, audioMs: seconds * 1000},
		...{spoken: [], transcript: 'reference', wholeCaptions: 'reference'},
	};
}

describe('measuring an engine', () => {
	const inputs = [makeInput('one', 3, 0.1), makeInput('other', 2, 0.2)];
	const contestant = () =>
		createEngineContestant(
			{engine: createScriptedEngine({}), description: 'scripted', runsInProcesses: false},
			false,
		);
	const options = {latencyMultiplier: 1, blockMs: 100, clock: systemClock} as const;

	it('finds the texts of streams at once to be those of the same streams alone', async () => {
		const engine = contestant();
		const alone = await readAloneTexts(inputs, {...options, contestant: engine});
		expect([...alone.values()].every(text => text.trim() !== '')).toBe(true);
		const point = await measureLoadPoint(inputs, alone, {...options, contestant: engine});
		expect(point).toMatchObject({sessions: 2, sameText: 2, pointsWorse: 0, cost: {unfinishedSessions: 0}});
		expect(point.cost.audioSeconds).toBe(5);
		await engine.close();
	});

	it('holds the text of a recording that was cut against the beginning of the whole one', async () => {
		const engine = contestant();
		const cut = {...inputs[0]!, samples: inputs[0]!.samples.subarray(0, 24_000), audioMs: 1500};
		const other = makeInput('one', 1.5, 0.3);
		const measure = (paced: readonly LiveInput[]) =>
			measureCurvePoint({
				...{...options, contestant: engine, task: 'transcribe', atOnce: 2},
				full: inputs,
				paced,
			});
		expect((await measure([cut, inputs[1]!])).paced?.sameText).toEqual({same: 2, of: 2});
		expect((await measure([other, inputs[1]!])).paced?.sameText).toEqual({same: 1, of: 2});
		await engine.close();
	});
});
