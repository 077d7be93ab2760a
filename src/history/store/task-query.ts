import {STATE_FAILED, TASK_STATES, TASK_TYPES, TYPE_DRIVER} from '../ingest/ray-enums.js';
import type {SqliteValue} from './sqlite-database.js';

/** One condition of a query; several must all hold. */
export interface TaskFilter {
	readonly column: TaskColumn;
	readonly isNegated: boolean;
	/** Text is compared without regard to case, as Ray does; a number where the column is one. */
	readonly value: string | number;
}

export interface TaskQuery {
	readonly filters: readonly TaskFilter[];
	readonly excludesDrivers: boolean;
}

/** A part of a WHERE clause and the values of its question marks. */
export interface SqlCondition {
	readonly sql: string;
	readonly values: readonly SqliteValue[];
}

type Compile = (value: string | number) => SqlCondition;

const equals =
	(column: string): Compile =>
	value => ({sql: `task.${column} = ?`, values: [value]});

/** What is no hex equals no id. */
const equalsId =
	(column: string): Compile =>
	value => {
		const hex = String(value);
		return /^([\da-f]{2})+$/i.test(hex)
			? {sql: `task.${column} = ?`, values: [Buffer.from(hex, 'hex')]}
			: {sql: '0', values: []};
	};

const equalsNameOf =
	(column: string, names: readonly string[]): Compile =>
	value => ({sql: `task.${column} = ?`, values: [names.indexOf(String(value).toUpperCase())]});

/** SQLite disregards the case of English letters by itself, and can look them up; of others we must. */
const equalsText =
	(expression: string): Compile =>
	value =>
		/^[\0-\x7F]*$/.test(String(value))
			? {sql: `${expression} = ? COLLATE NOCASE`, values: [value]}
			: {sql: `lower_case(${expression}) = ?`, values: [String(value).toLowerCase()]};

const equalsOfShape =
	(column: string): Compile =>
	value => {
		const {sql, values} = equalsText(column)(value);
		// Of all sessions: with the task's own SQLite would look for them again at each task.
		return {sql: `task.shape_id IN (SELECT id FROM shape WHERE ${sql})`, values};
	};

const equalsGivenName = equalsText('task.name');
const equalsShownName = equalsText('COALESCE(task.display_name, task.name)');

/** How the head's summary calls a task. */
const SUMMARY_NAME =
	"CASE WHEN task.name = '' THEN (SELECT function_name FROM shape WHERE id = task.shape_id) ELSE COALESCE(task.display_name, task.name) END";

const COLUMNS = {
	task_id: equalsId('task_id'),
	attempt_number: equals('attempt'),
	// The head looks at the name that was given, and then at the one that is shown.
	name: value => allOf([equalsGivenName(value), equalsShownName(value)]),
	given_name: equalsGivenName,
	summary_name: value => ({sql: `${SUMMARY_NAME} = ? COLLATE BINARY`, values: [value]}),
	state: equalsNameOf('state', TASK_STATES),
	job_id: equalsId('job_id'),
	actor_id: equalsId('actor_id'),
	type: equalsNameOf('type', TASK_TYPES),
	func_or_class_name: equalsOfShape('function_name'),
	parent_task_id: equalsId('parent_task_id'),
	node_id: equalsId('node_id'),
	worker_id: equalsId('worker_id'),
	worker_pid: equals('worker_pid'),
	error_type: value => ({
		sql: `(task.state = ${STATE_FAILED} AND task.error_type = ?)`,
		values: [value],
	}),
	language: equalsOfShape('language'),
	placement_group_id: equalsId('placement_group_id'),
	is_debugger_paused: equals('is_paused'),
} as const satisfies Record<string, Compile>;

/** An index has all that are equal to one of these in the order of the lists, or few. */
const ORDERED: readonly TaskColumn[] = [
	...(['task_id', 'job_id', 'name', 'given_name', 'state', 'actor_id', 'worker_id'] as const),
];

/** True where a list has to go through all tasks of the session, and may pass few of them. */
export function readsAllTasks({filters}: TaskQuery): boolean {
	return filters.length > 0 && !filters.some(({column, isNegated}) => !isNegated && ORDERED.includes(column));
}

/** The columns Ray lets one filter by. */
export type TaskColumn = keyof typeof COLUMNS;

export function isTaskColumn(name: string): name is TaskColumn {
	return Object.hasOwn(COLUMNS, name);
}

/**
 * The WHERE clause of all tasks of a session that pass. What has no value passes each "is not", but for the
 * type of an error, which the head leaves out of tasks that did not fail.
 */
export function compileTaskQuery(sessionId: number, {filters, excludesDrivers}: TaskQuery): SqlCondition {
	const parts: SqlCondition[] = [
		{sql: 'task.session_id = ? AND task.shape_id IS NOT NULL', values: [sessionId]},
		...(excludesDrivers ? [{sql: `task.type <> ${TYPE_DRIVER}`, values: []}] : []),
		...filters.map(({column, isNegated, value}) => {
			const {sql, values} = COLUMNS[column](value);
			if (isNegated && column === 'name') {
				return allOf([equalsGivenName(value), equalsShownName(value)].map(negate));
			}

			if (isNegated && column === 'error_type') {
				return {sql: `(task.state = ${STATE_FAILED} AND task.error_type <> ?)`, values};
			}

			return isNegated ? negate({sql, values}) : {sql, values};
		}),
	];
	return allOf(parts);
}

function negate({sql, values}: SqlCondition): SqlCondition {
	return {sql: `(${sql}) IS NOT TRUE`, values};
}

function allOf(conditions: readonly SqlCondition[]): SqlCondition {
	return {
		sql: conditions.map(({sql}) => sql).join(' AND '),
		values: conditions.flatMap(({values}) => values),
	};
}
