import {formatTable} from '../kit/table.js';
import {describeMachineShortly} from '../machine.js';
import type {EventLoopFigures} from './measure-event-loop.js';
import type {ListenerFigures} from './measure-listeners.js';
import type {RoundTrips} from './measure-round-trips.js';
import type {SessionMemory} from './measure-sessions.js';

/** A server adds no more than this to what its sockets cost anyway: ours / bare, at p99. */
export const MAX_RATIO = 2;
/** Of a server with 1 000 sessions. */
export const MAX_RESIDENT_BYTES = 400e6;
/** At p99, with 16 real sessions. */
export const MAX_EVENT_LOOP_MS = 20;

export interface ServerResults {
	readonly machine: Readonly<Record<string, unknown>>;
	readonly loadAverageAfter: unknown;
	readonly isQuick: boolean;
	readonly roundTrips?: {
		readonly sockets: number;
		readonly contestants: readonly RoundTrips[];
	};
	readonly sessions?: SessionMemory;
	readonly eventLoop?: EventLoopFigures;
	readonly listeners?: ListenerFigures;
}

/** All figures as Markdown, for the terminal and for docs/server.md. */
export function formatServerResults(results: ServerResults): string {
	const {machine, roundTrips, sessions, eventLoop, listeners} = results;
	const rows: string[][] = [];
	for (const {name, p50Ms, p99Ms, p99WhileSettlingMs} of roundTrips?.contestants ?? []) {
		rows.push([
			`${roundTrips!.sockets} sockets, ${name}: p50 / p99 / p99 of the first 2 s`,
			`${ms(p50Ms)} / ${ms(p99Ms)} / ${ms(p99WhileSettlingMs)}`,
			'',
		]);
	}
	if (roundTrips !== undefined) {
		rows.push([
			'p99, ours to the bare one with the frame back',
			ratioToEcho(results)!.toFixed(2),
			`${MAX_RATIO}`,
		]);
	}
	if (sessions !== undefined) {
		const {before, spoken} = sessions;
		rows.push(
			['memory without sessions', megabytes(before.residentBytes), ''],
			[
				`memory with ${sessions.sessions} open sessions: now / most`,
				`${megabytes(spoken.residentBytes)} / ${megabytes(spoken.peakBytes)}`,
				megabytes(MAX_RESIDENT_BYTES),
			],
		);
	}
	if (eventLoop !== undefined) {
		const {p50Ms, p99Ms, maxMs} = eventLoop;
		rows.push([
			`event loop late, ${eventLoop.sessions} real sessions for ${eventLoop.seconds} s: p50 / p99 / most`,
			`${ms(p50Ms)} / ${ms(p99Ms)} / ${ms(maxMs)}`,
			`p99 ${MAX_EVENT_LOOP_MS} ms`,
		]);
	}
	if (listeners !== undefined) {
		rows.push([
			`${listeners.listeners} listeners: until the last has an event, median / longest of ${listeners.events}`,
			`${ms(listeners.medianMs)} / ${ms(listeners.maxMs)}`,
			'',
		]);
	}
	const date = String(machine['date']).slice(0, 10);
	return [
		formatTable(['what', 'measured', 'at most'], rows),
		`${date}: ${describeMachineShortly(machine)}.`,
	].join('\n\n');
}

/** What missed its bar, in words. */
export function findMisses(results: ServerResults): readonly string[] {
	const {sessions, eventLoop, roundTrips} = results;
	const ratio = ratioToEcho(results);
	return [
		...(roundTrips?.contestants ?? [])
			.filter(({missing}) => missing > 0)
			.map(({name, missing}) => `${name}: ${missing} frames were not answered`),
		...(ratio !== undefined && !(ratio <= MAX_RATIO)
			? [`round trips: ${ratio.toFixed(2)} times a bare server's`]
			: []),
		...(sessions !== undefined && sessions.spoken.residentBytes > MAX_RESIDENT_BYTES
			? ['memory of sessions']
			: []),
		...(eventLoop !== undefined && !(eventLoop.p99Ms < MAX_EVENT_LOOP_MS) ? ['event loop'] : []),
		...(eventLoop?.speaking === 0 ? ['no real session said anything'] : []),
	];
}

function ratioToEcho({roundTrips}: ServerResults): number | undefined {
	if (roundTrips === undefined) return undefined;
	const [ours, echo] = roundTrips.contestants;
	return ours!.p99Ms / echo!.p99Ms;
}

function ms(value: number): string {
	return `${value.toFixed(1)} ms`;
}

function megabytes(bytes: number): string {
	return `${Math.round(bytes / 1e6)} MB`;
}
