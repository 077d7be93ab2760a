/** One place in which two answers differ: "data.result[ab12].state", and how. */
export interface Difference {
	readonly place: string;
	readonly detail: string;
}

/** Times that are read off different clocks, and in different processes, agree to this. */
const TOLERANCE_MS = 10;

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

	return [{place, detail: `${show(recorded)} was recorded, ours is ${show(ours)}`}];
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
