import {TASK_STATES} from '../../ingest/ray-enums.js';
import {findJob, readJobs, type JobDetails} from '../job-answers.js';
import {redactRuntimeEnv} from '../redact.js';
import {html, type Html} from './html.js';
import {code, facts, formatTime, link, pageAddress, state, table, value} from './layout.js';
import type {PageRequest} from './session-page.js';

const idOf = (job: JobDetails) => job.submission_id ?? job.job_id ?? '';

export function renderJobs({reader, base}: PageRequest): Html {
	return table(
		['Job', 'Driver', 'Status', 'Command', 'Began (UTC)', 'Ended (UTC)'],
		readJobs(reader).map(job => [
			link(pageAddress(base, `jobs/${encodeURIComponent(idOf(job))}`), idOf(job)),
			job.submission_id === null ? '' : (job.job_id ?? ''),
			state(job.status),
			code(job.entrypoint),
			formatTime(job.start_time),
			formatTime(job.end_time),
		]),
	);
}

export function renderJob({reader, base}: PageRequest, id: string): Html | undefined {
	const job = findJob(reader, id);
	if (job !== undefined) return renderKnown({reader, base}, job);
	// One of Ray's own, which no list shows, but whose tasks and actors name it.
	if (!/^[\da-f]{8}$/.test(id)) return undefined;
	const isNamed =
		reader.countTasks({filters: [{column: 'job_id', isNegated: false, value: id}], excludesDrivers: false}) >
			0 || reader.entities('actor').some(({jobId}) => jobId === id);
	if (!isNamed) return undefined;
	return html`<p>No list shows this job: it is one of Ray's own.</p>
		${renderLinks(base, id)}${renderSums({reader, base}, id)}`;
}

function renderLinks(base: string, jobId: string): Html {
	return html`<p>
		${['tasks', 'actors', 'timeline'].map(page => html`${link(pageAddress(base, page, {job_id: jobId}), page)} `)}
	</p>`;
}

function renderKnown({reader, base}: Pick<PageRequest, 'reader' | 'base'>, job: JobDetails): Html {
	const jobId = job.job_id;
	const log =
		job.submission_id === null || job.driver_node_id === null
			? ''
			: link(
					pageAddress(base, 'logs', {
						node_id: job.driver_node_id,
						file: `job-driver-${job.submission_id}.log`,
					}),
					'output',
				);
	return html`${facts([
		['Status', state(job.status)],
		['Message', job.message === null ? '' : html`<pre>${job.message}</pre>`],
		['Error', job.error_type],
		['Exit code', job.driver_exit_code],
		['Command', code(job.entrypoint)],
		['Submission', job.submission_id],
		['Driver', jobId],
		['Began (UTC)', formatTime(job.start_time)],
		['Ended (UTC)', formatTime(job.end_time)],
		[
			'Node',
			job.driver_node_id === null
				? ''
				: link(pageAddress(base, `nodes/${job.driver_node_id}`), job.driver_node_id),
		],
		['Metadata', value(job.metadata)],
		['Environment', value(redactRuntimeEnv(job.runtime_env))],
		['Log', log],
	])}${jobId === null ? '' : [renderLinks(base, jobId), renderSums({reader, base}, jobId)]}`;
}

function renderSums({reader, base}: Pick<PageRequest, 'reader' | 'base'>, jobId: string): Html {
	const groups = reader.groupTasks({
		filters: [{column: 'job_id', isNegated: false, value: jobId}],
		excludesDrivers: true,
	});
	const rows = groups.map(group => {
		const stateName = TASK_STATES[group.state]!;
		const query = {job_id: jobId, name: group.name, state: stateName};
		return [link(pageAddress(base, 'tasks', query), group.name), state(stateName), group.count];
	});
	return html`<h2>Tasks</h2>
		${table(['Name', 'State', 'Count'], rows)}`;
}
