import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {writeResults} from '../kit/results-file.js';
import type {CurvePoint} from './measure-curve.js';
import type {LoadPoint} from './measure-load.js';

/** Where and how a part of the figures was measured. */
export interface MeasuredWith {
	/** Before and after. */
	readonly machine: Readonly<Record<string, unknown>>;
	readonly loadAverageAfter: unknown;
	readonly contestant: string;
	readonly description: string;
	/** What was asked for on the command line, defaults filled in. */
	readonly settings: Readonly<Record<string, unknown>>;
}

export interface CurveSection extends MeasuredWith {
	readonly points: readonly CurvePoint[];
}

export interface LoadSection extends MeasuredWith {
	readonly points: readonly LoadPoint[];
	/** By latency multiplier. */
	readonly largestServed: Readonly<Record<string, number>>;
}

export interface BatchingSection extends MeasuredWith {
	readonly points: readonly LoadPoint[];
}

/** Sections by what was measured: `thread`, `process`, or a peer's name. A new run replaces its own section only. */
export interface LiveResults {
	readonly bench: 'live';
	readonly curves: Record<string, CurveSection>;
	readonly loads: Record<string, LoadSection>;
	readonly batching: Record<string, BatchingSection>;
}

/** The results so far, or empty ones. */
export async function readLiveResults(path: string): Promise<LiveResults> {
	if (!existsSync(path)) return {bench: 'live', curves: {}, loads: {}, batching: {}};
	return JSON.parse(await readFile(path, 'utf8')) as LiveResults;
}

export async function writeLiveResults(path: string, results: LiveResults): Promise<void> {
	await writeResults(path, results);
}
