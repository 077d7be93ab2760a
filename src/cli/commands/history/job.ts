import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {findJob, type JobDetails} from '../../../history/http/job-answers.js';
import {TASK_STATES} from '../../../history/ingest/ray-enums.js';
import type {SessionReader} from '../../../history/store/session-reader.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {formatFlag, type Row} from './format-rows.js';
import {chooseSessions, openHistory, sessionFlags} from './open-history.js';
import {writeRecords} from './write-records.js';

const schema = z.object({...sessionFlags, ...formatFlag, utc: z.boolean().default(false)});

/**
 * Prints one job: what it was, how it ended, and what its tasks came to. Without `--session` the newest
 * session that has such a job is meant.
 *
 * @param id - of the job or of the submission.
 * @throws {InfinisstError} `HISTORY_UNKNOWN` when no session has it.
 */
export async function runHistoryJob(
	id: string,
	flags: unknown,
	context: Pick<CommandContext, 'stdout' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const {db, format, utc, ...choice} = parseOptions(schema, flags);
	const store = await openHistory(db, context);
	try {
		for (const session of chooseSessions(store, choice)) {
			const reader = store.read(session.id);
			const job = findJob(reader, id);
			if (job === undefined) continue;
			await writeRecords([describeJob(reader, job)], {format, isUtc: utc}, context);
			return;
		}

		throw new InfinisstError('HISTORY_UNKNOWN', `The history ${store.path} holds no job ${id}`, {
			hint: 'See "infinisst history jobs" for those of the newest session, and --session for others.',
		});
	} finally {
		store.close();
	}
}

function describeJob(reader: SessionReader, job: JobDetails): Row {
	const {cluster, name} = reader.session;
	const jobId = job.job_id ?? '';
	return {
		job: job.job_id,
		submission: job.submission_id,
		cluster: `${cluster.namespace}/${cluster.name}`,
		session: name,
		type: job.type,
		status: job.status,
		message: job.message,
		errorType: job.error_type,
		exitCode: job.driver_exit_code,
		entrypoint: job.entrypoint,
		startMs: job.start_time,
		endMs: job.end_time === 0 ? null : job.end_time,
		durationSeconds: job.start_time && job.end_time ? (job.end_time - job.start_time) / 1000 : null,
		driverNode: job.driver_node_id,
		metadata: job.metadata,
		runtimeEnv: job.runtime_env,
		tasks: jobId === '' ? {} : countTasks(reader, jobId),
		actors: jobId === '' ? 0 : countActors(reader, jobId),
	};
}

function countTasks(reader: SessionReader, jobId: string): Readonly<Record<string, number>> {
	const filters = [{column: 'job_id', isNegated: false, value: jobId}] as const;
	const counts: Record<string, number> = {};
	for (const {state, count} of reader.groupTasks({filters, excludesDrivers: true})) {
		const name = TASK_STATES[state]!;
		counts[name] = (counts[name] ?? 0) + count;
	}

	return counts;
}

function countActors(reader: SessionReader, jobId: string): number {
	let count = 0;
	for (const actor of reader.eachEntity('actor')) if (actor.jobId === jobId) count += 1;
	return count;
}
