/** What is asked of the server. Those with `isPoint` look at one thing; the bar of 10 ms is for them. */
export interface Endpoint {
	readonly name: string;
	readonly path: string;
	readonly isPoint?: boolean;
	/** @default as it is */
	readonly encoding?: 'gzip' | 'br';
}

const ofJob = 'filter_keys=job_id&filter_predicates=%3D&filter_values=03000000';
const taskId = '008c577ea88b2ce866a2606eaa6556c08b8737be03000000';

/** The list whose time has a bar of its own. */
export const LIST_NAME = '10 000 tasks in detail';

export const ENDPOINTS: readonly Endpoint[] = [
	{
		name: 'task by id',
		path: `/api/v0/tasks?detail=1&limit=1&filter_keys=task_id&filter_predicates=%3D&filter_values=${taskId}`,
		isPoint: true,
	},
	{name: 'actor by id', path: '/logical/actors/4f52ea4060b2a9319d12275c02000000', isPoint: true},
	{name: 'job by id', path: '/api/jobs/03000000', isPoint: true},
	{name: 'jobs', path: '/api/jobs/', isPoint: true},
	{name: 'nodes', path: '/nodes?view=summary', isPoint: true},
	{name: 'cluster status', path: '/api/cluster_status?format=1', isPoint: true},
	{name: 'actors', path: '/logical/actors'},
	{name: 'events', path: '/events'},
	{name: '100 tasks', path: '/api/v0/tasks'},
	{name: LIST_NAME, path: '/api/v0/tasks?detail=1&limit=10000'},
	{name: `${LIST_NAME}, gzip`, path: '/api/v0/tasks?detail=1&limit=10000', encoding: 'gzip'},
	{name: '10 000 tasks of a job in detail', path: `/api/v0/tasks?detail=1&limit=10000&${ofJob}`},
	{
		name: '100 failed tasks',
		path: '/api/v0/tasks?limit=100&filter_keys=state&filter_predicates=%3D&filter_values=FAILED',
	},
	{name: 'summary by name', path: `/api/v0/tasks/summarize?${ofJob}`},
	{name: 'summary by lineage', path: `/api/v0/tasks/summarize?${ofJob}&summary_by=lineage`},
];
