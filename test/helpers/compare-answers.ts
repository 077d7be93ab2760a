import type {HistoryAnswer} from '../../src/history/http/answer.js';
import {readBody} from './history.js';

/** What a living head answered to one address. */
export interface Recording {
	readonly path: string;
	readonly status: number;
	readonly contentType: string;
	/** Whether it is to be saved under a name. */
	readonly isFile: boolean;
	readonly body: string;
}

/** One place in which two answers differ: "data.result[ab12].state", and how. */
export interface Difference {
	readonly place: string;
	readonly detail: string;
	/** How far two numbers are from each other. */
	readonly distance?: number;
}

export interface AllowedDifference {
	/** Which addresses, and which places in their answers. */
	readonly path: RegExp;
	readonly place: RegExp;
	/** How they may differ; in any way where it is left out. */
	readonly detail?: RegExp;
	/** Numbers may be so far from each other, and no further. */
	readonly within?: number;
	readonly because: string;
}

/** Where ours may differ from what any head said just before it died. Nothing else may. */
export const ALLOWED_DIFFERENCES: readonly AllowedDifference[] = [
	{
		path: /^\/nodes/,
		place:
			/\.(now|cpu|cpus|mem|hostMem|cgroupMem|shm|agent|gcs|bootTime|loadAvg|disk|diskIo|diskIoSpeed|network|networkSpeed|cmdline|workers)\b/,
		because: 'hardware figures of nodes that are gone are 0',
	},
	{
		path: /^\/nodes/,
		place:
			/raylet\.(coreWorkersStats|numWorkers|storeStats|objectStore\w+|stateSnapshot|\w+SocketName|\w+Port|tempDir|sessionDir|nodeTypeName)\b/,
		because: 'no event has these, and numWorkers is the number of tasks that ran there',
	},
	{
		path: /^\/nodes|^\/logical\/actors/,
		place:
			/\.(ipAddress|port|workerId|usedResources|processStats|mem|language|workerType|taskQueueLength|objectRefs|objectsTotal|usedObjectStoreMemory|num[A-Z]\w+)\b/,
		because: 'only a process that is alive has them',
	},
	{
		path: /^\/nodes\?/,
		place: /nodeLogicalResources/,
		because: 'what is in use is not known of a cluster that is gone',
	},
	{path: /^\/api\/cluster_status/, place: /./, because: 'the autoscaler reports to nobody but the head'},
	{path: /^\/api\/version/, place: /^ray_commit$/, because: 'nobody asked for the version while it lived'},
	{
		path: /^\/api\/component_activities/,
		place: /timestamp|last_activity_at/,
		because: 'the moment of asking',
	},
	{
		path: /^\/api(\/v0)?\/jobs/,
		place: /(metadata|runtime_env)$/,
		because: 'events have {} for what was not given',
	},
	{
		path: /^\/api(\/v0)?\/jobs/,
		place: /entrypoint$/,
		detail: /ours is ""$/,
		because: 'a job that never began names its command nowhere',
	},
	{
		path: /^\/api(\/v0)?\/jobs/,
		place: /end_time$/,
		within: 1000,
		because:
			'the head notes the end of a job a moment after the logs do; one that never began has whole seconds',
	},
	{
		path: /\/logs\?/,
		place: /\[(nsight|old|profiles|rocprof_sys)\/\]$/,
		because: 'a storage keeps no empty folders',
	},
	{path: /filename=\.\./, place: /./, because: 'leaving the folder is refused with 400'},
	{
		path: /summary_by=lineage/,
		place: /\.timestamp$/,
		because: 'of several attempts the head takes the time of the one its hash table has last',
	},
	{
		path: /filter_keys=/,
		place: /^msg$/,
		because: 'columns are a set of Python, in any order',
	},
	{path: /^\/api\/v0\/(objects|runtime_envs)/, place: /./, because: 'only nodes that are alive list them'},
	{
		path: /^\/api\/v0\/workers/,
		place: /\]\.(start|end)_time_ms$/,
		because: 'drivers have the times of their jobs',
	},
	{
		path: /^\/api\/v0\/workers/,
		place: /\]\.(pid|worker_launch\w+_ms)$/,
		detail: /^0 was recorded/,
		because: 'of the first driver the head sometimes loses its beginning',
	},
];

/** Times that are read off different clocks, and in different processes, agree to this. */
const TOLERANCE_MS = 10;

/** What differs between a recorded answer and ours beyond what may, in the end of `allowed` and in the table. */
export function compareAnswer(
	recording: Recording,
	answer: HistoryAnswer,
	allowed: readonly AllowedDifference[] = [],
): readonly Difference[] {
	const body = readBody(answer);
	const isJson = recording.contentType.startsWith('application/json');
	const differences = [
		...findDifferences(
			{status: recording.status, type: recording.contentType, isFile: recording.isFile},
			{
				status: answer.status,
				type: answer.contentType,
				isFile: answer.headers?.['content-disposition'] !== undefined,
			},
		),
		...(isJson
			? findDifferences(JSON.parse(recording.body), parse(body))
			: findDifferences({text: recording.body}, {text: body})),
	];
	const rules = [...ALLOWED_DIFFERENCES, ...allowed].filter(rule => rule.path.test(recording.path));
	return differences.filter(difference => !rules.some(rule => allows(rule, difference)));
}

function allows({place, detail, within}: AllowedDifference, difference: Difference): boolean {
	return (
		place.test(difference.place) &&
		(detail?.test(difference.detail) ?? true) &&
		(within === undefined || (difference.distance ?? Infinity) <= within)
	);
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return text;
	}
}

/** All differences between a recorded answer and ours. Lists of things with an id are compared by it. */
export function findDifferences(recorded: unknown, ours: unknown, place = ''): Difference[] {
	if (recorded === ours || isSameTime(recorded, ours)) return [];
	if (Array.isArray(recorded) && Array.isArray(ours)) return compareLists(recorded, ours, place);
	if (isObject(recorded) && isObject(ours)) {
		return [...new Set([...Object.keys(recorded), ...Object.keys(ours)])].flatMap(name => {
			const inner = place === '' ? name : `${place}.${name}`;
			if (!(name in ours)) return [{place: inner, detail: 'absent'}];
			if (!(name in recorded)) return [{place: inner, detail: 'not in the recording'}];
			return findDifferences(recorded[name], ours[name], inner);
		});
	}

	const detail = `${show(recorded)} was recorded, ours is ${show(ours)}`;
	const isNumeric = typeof recorded === 'number' && typeof ours === 'number';
	return [{place, detail, ...(isNumeric ? {distance: Math.abs(recorded - ours)} : {})}];
}

function compareLists(recorded: readonly unknown[], ours: readonly unknown[], place: string): Difference[] {
	if (!hasIds(recorded) || !hasIds(ours)) {
		return compareUnnamed(recorded, ours, place);
	}

	const others = new Map(ours.map(item => [idOf(item)!, item]));
	const known = new Set(recorded.map(item => idOf(item)!));
	return [
		...recorded.flatMap(item => {
			const inner = `${place}[${idOf(item)!}]`;
			const other = others.get(idOf(item)!);
			return other === undefined ? [{place: inner, detail: 'absent'}] : findDifferences(item, other, inner);
		}),
		...[...others.keys()]
			.filter(id => !known.has(id))
			.map(id => ({place: `${place}[${id}]`, detail: 'not in the recording'})),
	];
}

/** Texts and spans are compared as sets: their order is that of a hash table. */
function compareUnnamed(recorded: readonly unknown[], ours: readonly unknown[], place: string): Difference[] {
	const isSet = recorded.every(item => typeof item === 'string' || isSpan(item)) && recorded.length > 1;
	if (!isSet) {
		const longer = Math.max(recorded.length, ours.length);
		return Array.from({length: longer}, (_, at) =>
			findDifferences(recorded[at], ours[at], `${place}[${at}]`),
		).flat();
	}

	const [left, right] = [recorded, ours].map(items => new Set(items.map(describeItem))) as [
		Set<string>,
		Set<string>,
	];
	return [
		...[...left]
			.filter(item => !right.has(item))
			.map(item => ({place: `${place}[${item.slice(0, 60)}]`, detail: 'absent'})),
		...[...right]
			.filter(item => !left.has(item))
			.map(item => ({place: `${place}[${item.slice(0, 60)}]`, detail: 'not in the recording'})),
	];
}

/** Without the numbers that a span's row in the picture gets. */
function describeItem(item: unknown): string {
	if (!isObject(item)) return String(item);
	const {args} = item;
	const span = Object.fromEntries(Object.entries(item).filter(([name]) => !['tid', 'args'].includes(name)));
	return JSON.stringify([sorted(span), isObject(args) ? sorted(args) : args]);
}

function sorted(value: Readonly<Record<string, unknown>>) {
	return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}

function isSpan(item: unknown): boolean {
	return isObject(item) && 'ph' in item;
}

/** What tells an item of a list from the others, in any of the answers. */
function idOf(item: unknown): string | undefined {
	if (!isObject(item)) return undefined;
	const raylet = isObject(item['raylet']) ? item['raylet'] : {};
	const id =
		(item['task_id'] !== undefined && item['attempt_number'] !== undefined
			? `${JSON.stringify(item['task_id'])}/${JSON.stringify(item['attempt_number'])}`
			: undefined) ??
		item['worker_id'] ??
		item['eventId'] ??
		item['submission_id'] ??
		item['placement_group_id'] ??
		item['actor_id'] ??
		item['node_id'] ??
		item['job_id'] ??
		item['key'] ??
		raylet['nodeId'];
	return typeof id === 'string' ? id : undefined;
}

function isSameTime(recorded: unknown, ours: unknown): boolean {
	if (
		typeof recorded === 'string' &&
		typeof ours === 'string' &&
		[recorded, ours].every(text => /^\d{13}$/.test(text))
	) {
		return isSameTime(Number(recorded), Number(ours));
	}

	if (typeof recorded !== 'number' || typeof ours !== 'number') return false;
	// Milliseconds since 1970; a later Ray writes seconds elsewhere.
	return recorded > 1e12 && recorded < 1e13 && Math.abs(recorded - ours) <= TOLERANCE_MS;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
	return value === undefined ? 'absent' : JSON.stringify(value).slice(0, 120);
}

/** True where each item has one, and none has another's. */
function hasIds(items: readonly unknown[]): boolean {
	const ids = items.map(idOf);
	return !ids.includes(undefined) && new Set(ids).size === ids.length;
}
