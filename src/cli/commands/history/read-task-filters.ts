import {InfinisstError} from '../../../core/errors.js';
import {BadRequestError} from '../../../history/http/request.js';
import {readTaskQuery} from '../../../history/http/task-answers.js';
import type {TaskQuery} from '../../../history/store/task-query.js';
import type {RowFilter} from './row-filters.js';

/** Columns of our list whose names are Ray's but for this. */
const TASK_COLUMNS: Readonly<Record<string, string>> = {
	task: 'task_id',
	attempt: 'attempt_number',
	error: 'error_type',
	job: 'job_id',
	node: 'node_id',
	actor: 'actor_id',
	worker: 'worker_id',
};

/**
 * Filters of tasks, which the index answers. Their columns have Ray's names, or those of our list.
 *
 * @throws {InfinisstError} `OPTION_INVALID` for a column that is not there, and for what is no id.
 */
export function readTaskFilters(filters: readonly RowFilter[]): TaskQuery {
	const named = filters.map(filter => ({...filter, column: TASK_COLUMNS[filter.column] ?? filter.column}));
	try {
		return readTaskQuery(named, true);
	} catch (error) {
		if (!(error instanceof BadRequestError)) throw error;
		throw new InfinisstError('OPTION_INVALID', error.message, {cause: error});
	}
}
