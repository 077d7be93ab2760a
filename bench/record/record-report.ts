import {median} from '../kit/statistics.js';
import {formatTable} from '../kit/table.js';
import {describeMachineShortly} from '../machine.js';
import type {MountedFigures} from './measure-mounted.js';
import type {RecorderFigures} from './measure-recorder.js';
import type {SpeakerFigures} from './measure-speakers.js';

/** Of one core, for sixteen speakers. */
export const MAX_CPU_SHARE = 0.01;
/** That recording may add to the lag of speakers, at p50. Rounds alone differ by some 30 ms: texts come with looks, each second. */
export const MAX_ADDED_LAG_MS = 50;
/** Of a server, while the longest list of its history is asked for, at p99. */
export const MAX_EVENT_LOOP_MS = 20;

export interface RecordResults {
	readonly machine: Readonly<Record<string, unknown>>;
	readonly loadAverageAfter: unknown;
	readonly isQuick: boolean;
	readonly recorder?: RecorderFigures;
	readonly speakers?: {
		readonly sessions: number;
		readonly seconds: number;
		/** One a round, in turns with the others. */
		readonly recorded: readonly SpeakerFigures[];
		readonly notRecorded: readonly SpeakerFigures[];
	};
	readonly mounted?: readonly MountedFigures[];
}

/** All figures as Markdown, for the terminal and for docs/history.md. */
export function formatRecordResults(results: RecordResults): string {
	const {machine, recorder, speakers, mounted} = results;
	const rows: string[][] = [];
	if (recorder !== undefined) {
		rows.push(
			[
				`recorder alone, ${recorder.sessions} speakers, a look each 0.96 s: of one core`,
				percent(recorder.cpuShare),
				percent(MAX_CPU_SHARE),
			],
			['processor time for one look, with its writing', `${recorder.cpuPerLookMs.toFixed(2)} ms`, ''],
			['longest call in the thread that serves speakers', `${recorder.longestCallMs.toFixed(2)} ms`, ''],
		);
	}
	if (speakers !== undefined) {
		const both = (read: (figures: SpeakerFigures) => number, format: (value: number) => string): string =>
			[speakers.recorded, speakers.notRecorded].map(runs => format(median(runs.map(read)))).join(' / ');
		const title = `${speakers.sessions} real speakers for ${speakers.seconds} s`;
		rows.push(
			[
				`${title}, recorded / not: the server's process, of one core`,
				both(each => each.serverCpuShare, percent),
				'',
			],
			['the whole program, of one core', both(each => each.programCpuShare, percent), ''],
			['lag at p50', both(each => each.lagP50Ms, ms), ''],
			['lag at p50, added within a round', ms(addedLagMs(speakers)), ms(MAX_ADDED_LAG_MS)],
			['lag at p95', both(each => each.lagP95Ms, ms), ''],
			['event loop late at p99', both(each => each.eventLoopP99Ms, ms), ''],
		);
	}
	for (const {name, answerP50Ms, eventLoopP99Ms, eventLoopMaxMs} of mounted ?? []) {
		const where = name === 'mounted' ? 'at `/history/`' : 'in the thread that asks, to compare';
		rows.push([
			`10 000 tasks in detail, ${where}: answered in / event loop late at p99 / at most`,
			`${ms(answerP50Ms)} / ${ms(eventLoopP99Ms)} / ${ms(eventLoopMaxMs)}`,
			name === 'mounted' ? `p99 ${MAX_EVENT_LOOP_MS} ms` : '',
		]);
	}
	return [describeMachineShortly(machine), '', formatTable(['', 'seen', 'at most'], rows)].join('\n');
}

/** What does not keep to its bar. */
export function findMisses({recorder, speakers, mounted}: RecordResults): readonly string[] {
	const misses: string[] = [];
	if (recorder !== undefined && recorder.cpuShare > MAX_CPU_SHARE) {
		misses.push(
			`recording takes ${percent(recorder.cpuShare)} of a core, more than ${percent(MAX_CPU_SHARE)}`,
		);
	}
	if (speakers !== undefined) {
		const addedMs = addedLagMs(speakers);
		if (!(addedMs <= MAX_ADDED_LAG_MS)) misses.push(`recording adds ${ms(addedMs)} to the lag of speakers`);
		if ([...speakers.recorded, ...speakers.notRecorded].some(({finals}) => finals === 0)) {
			misses.push('no real speaker was understood');
		}
	}
	const own = mounted?.find(({name}) => name === 'mounted');
	if (own !== undefined && own.eventLoopP99Ms > MAX_EVENT_LOOP_MS) {
		misses.push(`a list of the history holds the loop up for ${ms(own.eventLoopP99Ms)}`);
	}
	return misses;
}

/** Recorded less not, of the same round: what changes from round to round meets both. */
function addedLagMs({recorded, notRecorded}: NonNullable<RecordResults['speakers']>): number {
	return median(recorded.map(({lagP50Ms}, round) => lagP50Ms - notRecorded[round]!.lagP50Ms));
}

function percent(share: number): string {
	return `${(share * 100).toFixed(2)} %`;
}

function ms(value: number): string {
	return `${value.toFixed(1)} ms`;
}
