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

const equalsOfShape =
	(column: string): Compile =>
	value => ({
		sql: `task.shape_id IN (SELECT id FROM shape WHERE shape.session_id = task.session_id AND ${column} = ?)`,
		values: [value],
	});

const COLUMNS = {
	task_id: equalsId('task_id'),
	attempt_number: equals('attempt'),
	// The head looks at the name that was given, and then at the one that is shown.
	name: value => ({
		sql: '(task.name = ? AND COALESCE(task.display_name, task.name) = ? COLLATE NOCASE)',
		values: [value, value],
	}),
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
				return {
					sql: '(task.name <> ? AND COALESCE(task.display_name, task.name) <> ? COLLATE NOCASE)',
					values,
				};
			}

			if (isNegated && column === 'error_type') {
				return {sql: `(task.state = ${STATE_FAILED} AND task.error_type <> ?)`, values};
			}

			return {sql: isNegated ? `(${sql}) IS NOT TRUE` : sql, values};
		}),
	];
	return {sql: parts.map(({sql}) => sql).join(' AND '), values: parts.flatMap(({values}) => values)};
}
