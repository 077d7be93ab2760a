import {firstSet} from '../ingest/wire-values.js';
import type {SessionReader} from '../store/session-reader.js';
import type {TaskQuery} from '../store/task-query.js';
import {inHeadOrder, MAX_ATTEMPTS} from './head-order.js';
import {readTaskSummary, type TaskSummary} from './task-json.js';

interface Group {
	readonly name: string;
	readonly key: string;
	readonly type: string;
	timestamp: number | null;
	readonly state_counts: Record<string, number>;
	children: Group[];
	readonly link: {readonly type: string; readonly id: string} | null;
}

/** Ids of drivers begin so. */
const DRIVER_PREFIX = 'f'.repeat(40);

const RUNNING = ['RUNNING', 'RUNNING_IN_RAY_GET', 'RUNNING_IN_RAY_WAIT'];
const PENDING = [
	'PENDING_ARGS_AVAIL',
	'PENDING_NODE_ASSIGNMENT',
	'PENDING_OBJ_STORE_MEM_AVAIL',
	'PENDING_ARGS_FETCH',
];

/**
 * The tree of who called whom: tasks below the task that called them, methods below their actor, and
 * siblings of one name gathered in a group. A task whose ancestors are not known is left out.
 *
 * @param limit - so many tasks are read, as the head does.
 */
export function summarizeByLineage(reader: SessionReader, query: TaskQuery, limit: number) {
	const rows = inHeadOrder(reader.taskOutlines(query, limit + MAX_ATTEMPTS), limit);
	const tasks = [...rows].map(row => readTaskSummary(row, reader.shape(row.shape_id)));
	const tree = new LineageTree(reader, tasks);
	let [totalTasks, totalActorTasks, totalActors] = [0, 0, 0];
	for (const task of tasks) {
		const group = tree.addTask(task);
		if (group === undefined) continue;
		count(group, task.state, 1);
		if (task.type === 'NORMAL_TASK') totalTasks += 1;
		if (task.type === 'ACTOR_TASK') totalActorTasks += 1;
		if (task.type === 'ACTOR_CREATION_TASK') totalActors += 1;
	}

	const {groups} = gatherSiblings(tree.roots);
	for (const group of groups) addUpChildren(group);
	sortGroups(groups);
	return {
		summary: groups,
		total_tasks: totalTasks,
		total_actor_tasks: totalActorTasks,
		total_actor_scheduled: totalActors,
		summary_by: 'lineage',
	};
}

class LineageTree {
	readonly roots: Group[] = [];
	readonly #reader: SessionReader;
	readonly #tasks = new Map<string, TaskSummary>();
	readonly #creations = new Map<string, TaskSummary>();
	readonly #groups = new Map<string, Group>();
	/** Of the task whose turn it is. */
	#currentMs: number | null = null;

	constructor(reader: SessionReader, tasks: readonly TaskSummary[]) {
		this.#reader = reader;
		for (const task of tasks) {
			this.#tasks.set(task.taskId, task);
			if (task.type === 'ACTOR_CREATION_TASK' && task.actorId !== null)
				this.#creations.set(task.actorId, task);
		}
	}

	/** Undefined where it is not known whose it was. */
	addTask({taskId, creationMs}: TaskSummary): Group | undefined {
		this.#currentMs = creationMs;
		return this.#groupOfTask(taskId);
	}

	#groupOfTask(taskId: string): Group | undefined {
		const known = this.#groups.get(taskId);
		if (known !== undefined) return known;
		const task = this.#tasks.get(taskId);
		if (task === undefined) return undefined;
		const group: Group = {
			name: task.name === '' ? task.functionName : task.name,
			key: taskId,
			type: task.type,
			timestamp: task.creationMs,
			state_counts: {},
			children: [],
			link: {type: 'task', id: taskId},
		};
		this.#groups.set(taskId, group);
		if (task.type === 'ACTOR_TASK' || task.type === 'ACTOR_CREATION_TASK') {
			this.#groupOfActor(task.actorId ?? '')?.children.push(group);
		} else this.#place(group, task.parentTaskId);
		return group;
	}

	#groupOfActor(actorId: string): Group | undefined {
		const key = `actor:${actorId}`;
		const known = this.#groups.get(key);
		if (known !== undefined) return known;
		const creation = this.#creations.get(actorId);
		if (creation === undefined) return undefined;
		const actor = this.#reader.entity('actor', actorId);
		const group: Group = {
			name: actor === undefined ? creation.functionName.split('.')[0]! : actor.displayName || actor.className,
			key,
			type: 'ACTOR',
			// Of the task that led here, which may be below one of the actor's own: as the head does it.
			timestamp: this.#currentMs,
			state_counts: {},
			children: [],
			link: {type: 'actor', id: actorId},
		};
		this.#groups.set(key, group);
		this.#place(group, creation.parentTaskId);
		return group;
	}

	#place(group: Group, parentTaskId: string | null): void {
		if (parentTaskId === null || parentTaskId.startsWith(DRIVER_PREFIX)) this.roots.push(group);
		else this.#groupOfTask(parentTaskId)?.children.push(group);
	}
}

/** Puts siblings of one name into a group where there is more than one. */
function gatherSiblings(siblings: readonly Group[]): {
	readonly groups: Group[];
	readonly firstMs: number | null;
} {
	const groups = new Map<string, Group>();
	let firstMs: number | null = null;
	for (const child of siblings) {
		const inner = gatherSiblings(child.children);
		child.children = inner.groups;
		if (isEarlier(inner.firstMs, child.timestamp)) child.timestamp = inner.firstMs;
		let group = groups.get(child.name);
		if (group === undefined) {
			group = {
				name: child.name,
				key: child.name,
				type: 'GROUP',
				timestamp: null,
				state_counts: {},
				children: [],
				link: null,
			};
			groups.set(child.name, group);
		}

		group.children.push(child);
		if (isEarlier(child.timestamp, group.timestamp)) {
			group.timestamp = child.timestamp;
			if (isEarlier(child.timestamp, firstMs)) firstMs = child.timestamp;
		}
	}

	return {
		groups: [...groups.values()].map(group => (group.children.length > 1 ? group : group.children[0]!)),
		firstMs,
	};
}

function isEarlier(ms: number | null, thanMs: number | null): boolean {
	return Boolean(ms) && ms! < timeOrLast(thanMs);
}

/** What has no time comes last. */
function timeOrLast(ms: number | null): number {
	return firstSet(ms) ?? Number.MAX_SAFE_INTEGER;
}

function addUpChildren(group: Group): void {
	for (const child of group.children) {
		addUpChildren(child);
		for (const [state, number] of Object.entries(child.state_counts)) count(group, state, number);
	}

	sortGroups(group.children);
}

function count(group: Group, state: string, number: number): void {
	group.state_counts[state] = (group.state_counts[state] ?? 0) + number;
}

/** Running first, then pending, then failed, then by time, and an actor's making before its methods. */
function sortGroups(groups: Group[]): void {
	const sum = ({state_counts: counts}: Group, states: readonly string[]) =>
		states.reduce((total, state) => total + (counts[state] ?? 0), 0);
	groups.sort(
		(a, b) =>
			sum(b, RUNNING) - sum(a, RUNNING) ||
			sum(b, PENDING) - sum(a, PENDING) ||
			sum(b, ['FAILED']) - sum(a, ['FAILED']) ||
			timeOrLast(a.timestamp) - timeOrLast(b.timestamp) ||
			Number(a.type !== 'ACTOR_CREATION_TASK') - Number(b.type !== 'ACTOR_CREATION_TASK'),
	);
}
