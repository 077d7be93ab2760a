import {STATE_FAILED, STATE_FINISHED, STATE_RUNNING, TASK_STATES} from './ingest/ray-enums.js';
import {readTaskDetail} from './ingest/task-facts.js';
import {toMilliseconds} from './ingest/wire-values.js';
import {readJobs, type JobDetails} from './http/job-answers.js';
import type {SessionReader} from './store/session-reader.js';

/** One measure of both sessions. Numbers are counts or milliseconds, as the measure says. */
export interface Comparison {
	readonly kind: 'session' | 'job' | 'task' | 'error' | 'actor' | 'node';
	/** Of the job, the task, the error, the actor's class or the node's state; "" for the session. */
	readonly name: string;
	readonly measure: string;
	/** Null where the session has none of this name. */
	readonly a: string | number | null;
	readonly b: string | number | null;
}

type Measures = ReadonlyMap<string, Omit<Comparison, 'a' | 'b'> & {readonly value: string | number}>;

/**
 * What two sessions have in common and where they differ: how long they and their jobs took and how those
 * ended, how many tasks of each name there were in each state and how long they ran, errors by type, actors
 * and nodes. Jobs are matched by the name of their submission, else by their command.
 *
 * @returns every measure that either has, those that differ and those that do not.
 */
export function compareSessions(a: SessionReader, b: SessionReader): readonly Comparison[] {
	const [ofA, ofB] = [measureSession(a), measureSession(b)];
	return [...new Set([...ofA.keys(), ...ofB.keys()])].map(key => {
		const [inA, inB] = [ofA.get(key), ofB.get(key)];
		const {kind, name, measure} = (inA ?? inB)!;
		return {kind, name, measure, a: inA?.value ?? null, b: inB?.value ?? null};
	});
}

function measureSession(reader: SessionReader): Measures {
	const measures = new Map<string, Omit<Comparison, 'a' | 'b'> & {readonly value: string | number}>();
	const put = (kind: Comparison['kind'], name: string, measure: string, value: string | number) =>
		void measures.set(JSON.stringify([kind, name, measure]), {kind, name, measure, value});
	const {firstMs, lastMs} = reader.session;
	if (firstMs !== null && lastMs !== null) put('session', '', 'duration ms', lastMs - firstMs);
	measureJobs(reader, put);
	measureTasks(reader, put);
	countBy(reader.eachEntity('actor'), ({className, state}) => [className, state]).forEach(
		([name, state, count]) => put('actor', name, state, count),
	);
	countBy(reader.eachEntity('node'), ({state}) => ['', state]).forEach(([name, state, count]) =>
		put('node', name, state, count),
	);
	return measures;
}

type Put = (kind: Comparison['kind'], name: string, measure: string, value: string | number) => void;

function measureJobs(reader: SessionReader, put: Put): void {
	const seen = new Map<string, number>();
	// The oldest first: of two with the same command the first is matched with the first.
	for (const job of readJobs(reader).toReversed()) {
		const base = nameJob(job);
		const count = (seen.get(base) ?? 0) + 1;
		seen.set(base, count);
		const name = count === 1 ? base : `${base} (${count})`;
		put('job', name, 'status', job.status);
		if (job.start_time && job.end_time) put('job', name, 'duration ms', job.end_time - job.start_time);
	}
}

function nameJob({submission_id: submission, entrypoint, job_id: id}: JobDetails): string {
	return submission ?? (entrypoint === '' ? (id ?? '') : entrypoint);
}

interface TaskSums {
	readonly states: Map<number, number>;
	runs: number;
	runMs: number;
	longestMs: number;
}

function measureTasks(reader: SessionReader, put: Put): void {
	const tasks = new Map<string, TaskSums>();
	const errors = new Map<string, number>();
	for (const row of reader.tasks({filters: [], excludesDrivers: true})) {
		const name = (row.display_name ?? row.name) || reader.shape(row.shape_id).functionName;
		let sums = tasks.get(name);
		if (sums === undefined) {
			sums = {states: new Map(), runs: 0, runMs: 0, longestMs: 0};
			tasks.set(name, sums);
		}

		sums.states.set(row.state, (sums.states.get(row.state) ?? 0) + 1);
		if (row.error_type !== null) errors.set(row.error_type, (errors.get(row.error_type) ?? 0) + 1);
		const ranMs = measureRun(row.facts);
		if (ranMs === undefined) continue;
		sums.runs += 1;
		sums.runMs += ranMs;
		sums.longestMs = Math.max(sums.longestMs, ranMs);
	}

	for (const [name, {states, runs, runMs, longestMs}] of [...tasks].sort(([a], [b]) => (a < b ? -1 : 1))) {
		for (const [state, count] of states) put('task', name, TASK_STATES[state]!, count);
		if (runs === 0) continue;
		put('task', name, 'mean run ms', Math.round((runMs / runs) * 10) / 10);
		put('task', name, 'longest run ms', longestMs);
	}

	for (const [type, count] of errors) put('error', type, 'count', count);
}

/** From its running to its end. */
function measureRun(facts: string): number | undefined {
	const states = new Map(readTaskDetail(facts).states);
	const [start, end] = [states.get(STATE_RUNNING), states.get(STATE_FINISHED) ?? states.get(STATE_FAILED)];
	return start === undefined || end === undefined
		? undefined
		: Math.max(0, toMilliseconds(end) - toMilliseconds(start));
}

function countBy<Value>(
	values: Iterable<Value>,
	keyOf: (value: Value) => readonly [string, string],
): readonly (readonly [string, string, number])[] {
	const counts = new Map<string, readonly [string, string, number]>();
	for (const value of values) {
		const [name, state] = keyOf(value);
		const key = JSON.stringify([name, state]);
		counts.set(key, [name, state, (counts.get(key)?.[2] ?? 0) + 1]);
	}

	return [...counts.values()];
}
