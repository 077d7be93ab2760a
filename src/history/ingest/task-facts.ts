import type {HistoryEvent} from './decode-event.js';
import type {TaskValues} from './decode-task-lifecycle.js';
import type {TaskSpan} from './decode-task-profile.js';

type Clocked<Value> = readonly [Value, string];

/**
 * All that was ever said of one attempt at a task. Merging is commutative, associative and idempotent: each
 * value stays with the clock of the event that set it, the greater clock wins, and spans are a set.
 */
export interface TaskFacts {
	/** Clock of the definition; the definition itself is in the row's columns. */
	definedAt: string;
	/** Nanoseconds by index of the state. */
	states: Map<number, Clocked<string>>;
	values: Map<keyof TaskValues, Clocked<TaskValues[keyof TaskValues]>>;
	component: Clocked<readonly [string, string, string]> | undefined;
	/** By all they say. */
	spans: Map<string, TaskSpan>;
}

export function createTaskFacts(): TaskFacts {
	return {definedAt: '', states: new Map(), values: new Map(), component: undefined, spans: new Map()};
}

export type TaskEvent = Exclude<HistoryEvent, {type: 'entity-reported'}>;

/** Adds what one event says; of a definition only when it was. */
export function addTaskEvent(facts: TaskFacts, event: TaskEvent): void {
	const {clock} = event;
	switch (event.type) {
		case 'task-defined':
			if (clock > facts.definedAt) facts.definedAt = clock;
			return;
		case 'task-changed': {
			const {states, values} = event.change;
			for (const [state, nanoseconds] of states) put(facts.states, state, [nanoseconds, clock]);
			for (const name in values) {
				put(facts.values, name as keyof TaskValues, [values[name as keyof TaskValues], clock]);
			}

			return;
		}

		case 'task-profiled':
			if (facts.component === undefined || clock > facts.component[1]) {
				facts.component = [event.profile.component, clock];
			}

			for (const span of event.profile.spans) facts.spans.set(keyOfSpan(span), span);
	}
}

/** Adds to `facts` what `others` know. */
export function mergeTaskFacts(facts: TaskFacts, others: TaskFacts): void {
	if (others.definedAt > facts.definedAt) facts.definedAt = others.definedAt;
	for (const [state, entry] of others.states) put(facts.states, state, entry);
	for (const [name, entry] of others.values) put(facts.values, name, entry);
	if (
		others.component !== undefined &&
		(facts.component === undefined || others.component[1] > facts.component[1])
	) {
		facts.component = others.component;
	}

	for (const [key, span] of others.spans) facts.spans.set(key, span);
}

function put<Key, Value>(entries: Map<Key, Clocked<Value>>, key: Key, entry: Clocked<Value>): void {
	const known = entries.get(key);
	if (known === undefined || isLater(entry, known)) entries.set(key, entry);
}

function keyOfSpan([start, end, name, extra]: TaskSpan): string {
	return `${start} ${end} ${name} ${extra}`;
}

/** One event can name a state twice: then the value decides, so that the order of a list does not. */
function isLater<Value>([value, clock]: Clocked<Value>, [knownValue, knownClock]: Clocked<Value>): boolean {
	return clock === knownClock ? JSON.stringify(value) > JSON.stringify(knownValue) : clock > knownClock;
}

/** Written form: clocks once each, and everything else pointing at them. */
interface StoredFacts {
	readonly c: readonly string[];
	readonly d?: number;
	readonly s?: Readonly<Record<string, readonly [string, number]>>;
	readonly v?: Readonly<Record<string, readonly [unknown, number]>>;
	readonly p?: readonly [readonly [string, string, string], number];
	readonly e?: readonly TaskSpan[];
}

/** What an answer needs of stored facts, without the clocks. */
export interface TaskDetail {
	/** Index of the state and nanoseconds, in the order of the states. */
	readonly states: readonly (readonly [number, string])[];
	readonly values: TaskValues;
	readonly component: readonly [string, string, string] | undefined;
	readonly spans: readonly TaskSpan[];
}

/** Text is put together by hand: a session has millions of these. */
export function encodeTaskFacts(facts: TaskFacts): string {
	const clocks: string[] = [];
	const indexOf = (clock: string) => {
		const index = clocks.indexOf(clock);
		return index < 0 ? clocks.push(clock) - 1 : index;
	};
	let text = facts.definedAt === '' ? '' : `,"d":${indexOf(facts.definedAt)}`;
	if (facts.states.size > 0) {
		let list = '';
		for (const [state, [ns, clock]] of [...facts.states].sort(([a], [b]) => a - b)) {
			list += `${list === '' ? '' : ','}"${state}":["${ns}",${indexOf(clock)}]`;
		}

		text += `,"s":{${list}}`;
	}

	if (facts.values.size > 0) {
		let list = '';
		for (const [name, [value, clock]] of facts.values) {
			list += `${list === '' ? '' : ','}"${name}":[${JSON.stringify(value)},${indexOf(clock)}]`;
		}

		text += `,"v":{${list}}`;
	}

	if (facts.component !== undefined) {
		text += `,"p":[${JSON.stringify(facts.component[0])},${indexOf(facts.component[1])}]`;
	}

	if (facts.spans.size > 0) text += `,"e":${JSON.stringify(sortSpans([...facts.spans.values()]))}`;
	return `{"c":${JSON.stringify(clocks)}${text}}`;
}

export function decodeTaskFacts(text: string): TaskFacts {
	const {c: clocks, d, s, v, p, e} = JSON.parse(text) as StoredFacts;
	const at = (index: number) => clocks[index]!;
	return {
		definedAt: d === undefined ? '' : at(d),
		states: new Map(Object.entries(s ?? {}).map(([state, [ns, index]]) => [Number(state), [ns, at(index)]])),
		values: new Map(
			Object.entries(v ?? {}).map(([name, [value, index]]) => [
				name as keyof TaskValues,
				[value as TaskValues[keyof TaskValues], at(index)],
			]),
		),
		component: p === undefined ? undefined : [p[0], at(p[1])],
		spans: new Map((e ?? []).map(span => [keyOfSpan(span), span])),
	};
}

export function readTaskDetail(text: string): TaskDetail {
	const {s = {}, v = {}, p, e = []} = JSON.parse(text) as StoredFacts;
	const values: Record<string, unknown> = {};
	for (const name in v) values[name] = v[name]![0];
	const states: [number, string][] = [];
	// Members that are small whole numbers come in their order.
	for (const state in s) states.push([Number(state), s[state]![0]]);
	return {states, values, component: p?.[0], spans: e};
}

/** In the order in which a worker reports them: a span is sent when it ends. */
function sortSpans(spans: TaskSpan[]): TaskSpan[] {
	return spans.sort(
		(a, b) => compare(a[1], b[1]) || -compare(a[0], b[0]) || compare(a[2], b[2]) || compare(a[3], b[3]),
	);
}

/** Of whole numbers in digits, or of text. */
function compare(a: string, b: string): number {
	return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
