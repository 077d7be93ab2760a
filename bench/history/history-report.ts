import {describeMachineShortly} from '../machine.js';
import {formatTable} from '../kit/table.js';
import {ENDPOINTS, LIST_NAME} from './endpoints.js';

export interface EndpointResult {
	readonly name: string;
	/** The first after the server has begun. */
	readonly firstMs: number;
	readonly p50Ms: number;
	readonly p95Ms: number;
	readonly bytes: number;
}

export interface SizeResult {
	readonly tasks: number;
	readonly events: number;
	readonly loadAverageBefore: number;
	readonly loadMs: number;
	readonly loadMegabytes: number;
	/** From the start of the server's process to the first answer. */
	readonly startMs: number;
	/** Of that, the first answer. */
	readonly reopenMs: number;
	readonly serveMegabytes: number;
	readonly fileMegabytes: number;
	readonly requestsPerSecond: number;
	readonly endpoints: readonly EndpointResult[];
}

export interface HistoryResults {
	readonly machine: Readonly<Record<string, unknown>>;
	readonly sizes: readonly SizeResult[];
}

/** Bars at 100 000 tasks; those of memory at every size (../shared/spec/history.md, section 5). */
const BAR_TASKS = 100_000;
const MAX_LOAD_MS = 10_000;
const MAX_REOPEN_MS = 200;
const MAX_POINT_MS = 10;
const MAX_LIST_MS = 300;
const MAX_MEGABYTES = 400;

export function findMisses({sizes}: HistoryResults): readonly string[] {
	return sizes.flatMap(size => {
		const misses: string[] = [];
		const check = (what: string, actual: number, bar: number, unit: string): void => {
			if (actual > bar)
				misses.push(`${size.tasks} tasks: ${what} ${actual.toFixed(0)} ${unit}, bar ${bar} ${unit}`);
		};
		check('memory of the import', size.loadMegabytes, MAX_MEGABYTES, 'MB');
		check('memory of the server', size.serveMegabytes, MAX_MEGABYTES, 'MB');
		if (size.tasks !== BAR_TASKS) return misses;
		check('first load', size.loadMs, MAX_LOAD_MS, 'ms');
		check('reopening', size.reopenMs, MAX_REOPEN_MS, 'ms');
		for (const {name, p95Ms} of size.endpoints) {
			const isPoint = ENDPOINTS.find(endpoint => endpoint.name === name)?.isPoint === true;
			if (isPoint) check(`${name}, p95`, p95Ms, MAX_POINT_MS, 'ms');
			if (name === LIST_NAME) check(`${name}, p95`, p95Ms, MAX_LIST_MS, 'ms');
		}

		return misses;
	});
}

export function formatHistoryResults({machine, sizes}: HistoryResults): string {
	const columns = ['', ...sizes.map(({tasks}) => `${tasks.toLocaleString('en').replaceAll(',', ' ')} tasks`)];
	const row = (name: string, format: (size: SizeResult) => string) => [name, ...sizes.map(format)];
	const rows = [
		row('events', ({events}) => String(events)),
		row('first load', ({loadMs}) => `${(loadMs / 1000).toFixed(1)} s`),
		row('memory of that', ({loadMegabytes}) => `${loadMegabytes} MB`),
		row('file', ({fileMegabytes}) => `${fileMegabytes} MB`),
		row('first answer of a new server', ({reopenMs}) => `${reopenMs.toFixed(0)} ms`),
		row('with the start of its process', ({startMs}) => `${startMs.toFixed(0)} ms`),
		row('memory of the server', ({serveMegabytes}) => `${serveMegabytes} MB`),
		row('8 clients on /api/jobs/', ({requestsPerSecond}) => `${requestsPerSecond.toFixed(0)}/s`),
		...ENDPOINTS.map(({name}) =>
			row(name, ({endpoints}) => {
				const result = endpoints.find(endpoint => endpoint.name === name);
				return result === undefined ? '' : `${format(result.p50Ms)} / ${format(result.p95Ms)} ms`;
			}),
		),
	];
	return `${formatTable(columns, rows)}\n\n${describeMachineShortly(machine)}; answers: median and 95th percentile, none out of a cache.`;
}

function format(ms: number): string {
	return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}
