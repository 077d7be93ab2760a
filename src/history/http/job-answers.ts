import type {JobRecord} from '../ingest/entity-records.js';
import {firstSet, isObject, type JsonObject} from '../ingest/wire-values.js';
import type {SessionReader} from '../store/session-reader.js';
import {answerJson, answerText, type HistoryAnswer} from './answer.js';
import {readListOptions} from './list-options.js';
import {BadRequestError, UnhandledRequestError, type HistoryRequest} from './request.js';
import {describeState, readLoggedSubmissions, type LoggedSubmission} from './read-submissions.js';
import {readLogText} from './read-log-text.js';
import {redactRuntimeEnv} from './redact.js';
import {answerStateList, type StateColumn} from './state-list.js';

/** A job as Ray's job API shows it. */
export interface JobDetails {
	readonly type: 'SUBMISSION' | 'DRIVER';
	readonly job_id: string | null;
	readonly submission_id: string | null;
	readonly driver_info: {readonly id: string; readonly node_ip_address: string; readonly pid: string} | null;
	readonly status: string;
	readonly entrypoint: string;
	readonly message: string | null;
	readonly error_type: string | null;
	/** Milliseconds since 1970. */
	readonly start_time: number | null;
	readonly end_time: number | null;
	readonly metadata: Readonly<Record<string, string>> | null;
	readonly runtime_env: unknown;
	readonly driver_agent_http_address: string | null;
	readonly driver_node_id: string | null;
	readonly driver_exit_code: number | null;
}

/** Put into a driver's metadata by Ray itself. */
const OWN_METADATA = ['job_submission_id', 'job_name'];

/** Submitted jobs first, then drivers; each newest first. */
export function readJobs(reader: SessionReader): readonly JobDetails[] {
	const records = reader.entities('job').filter(({isDefined}) => isDefined);
	// Of the drivers that one submission starts, the last is shown.
	const drivers = new Map<string, JobRecord>();
	for (const record of records) {
		const submissionId = record.metadata['job_submission_id'];
		if (submissionId) drivers.set(submissionId, record);
	}

	const polled = readPolledJobs(reader);
	const submissions = readAllSubmissions(reader, drivers);
	const jobs = [
		...[...submissions].map(([id, logged]) =>
			chooseJob(polled.get(id), () => describeSubmission(reader, logged, drivers.get(id))),
		),
		...records
			.filter(({metadata}) => !metadata['job_submission_id'])
			.map(record => chooseJob(polled.get(record.jobId), () => describeDriver(reader, record))),
	];
	const known = new Set(jobs.map(job => job.submission_id ?? job.job_id));
	jobs.push(...[...polled].filter(([id]) => !known.has(id)).map(([, job]) => job));
	return jobs.sort(
		(a, b) =>
			Number(a.type === 'DRIVER') - Number(b.type === 'DRIVER') ||
			(b.start_time ?? 0) - (a.start_time ?? 0) ||
			compare(a.submission_id ?? a.job_id ?? '', b.submission_id ?? b.job_id ?? ''),
	);
}

function compare(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

const ENDED = ['STOPPED', 'SUCCEEDED', 'FAILED'];

/** The head's own word, unless the job has ended since it was asked. */
function chooseJob(polled: JobDetails | undefined, describe: () => JobDetails): JobDetails {
	if (polled !== undefined && ENDED.includes(polled.status)) return polled;
	const described = describe();
	return polled === undefined || ENDED.includes(described.status) ? described : polled;
}

/** What the head itself said last wins over everything that is put together here. */
function readPolledJobs(reader: SessionReader): ReadonlyMap<string, JobDetails> {
	const body = reader.snapshot('/api/jobs')?.body;
	const value: unknown = body === undefined ? [] : JSON.parse(body);
	const jobs = new Map<string, JobDetails>();
	for (const job of Array.isArray(value) ? value.filter(isObject) : []) {
		const id = job['submission_id'] ?? job['job_id'];
		if (typeof id === 'string') jobs.set(id, job as unknown as JobDetails);
	}

	return jobs;
}

/** From events where Ray sends them, else from logs, else from the drivers alone. */
function readAllSubmissions(
	reader: SessionReader,
	drivers: ReadonlyMap<string, JobRecord>,
): ReadonlyMap<
	string,
	LoggedSubmission & Partial<{readonly metadata: JsonObject; readonly serializedRuntimeEnv: string}>
> {
	const submissions = new Map<string, LoggedSubmission>(readLoggedSubmissions(reader));
	for (const record of reader.entities('submission')) submissions.set(record.submissionId, record);
	for (const [submissionId, driver] of drivers) {
		if (submissions.has(submissionId)) continue;
		submissions.set(submissionId, {
			submissionId,
			entrypoint: driver.entrypoint,
			status: driver.isFinished ? 'SUCCEEDED' : 'RUNNING',
			message: describeState(driver.isFinished ? 'SUCCEEDED' : 'RUNNING', null, () => ''),
			errorType: '',
			startMs: driver.startMs,
			endMs: driver.endMs,
			driverNodeId: driver.driverNodeId,
			driverAgentHttpAddress: '',
			driverExitCode: null,
		});
	}

	return submissions;
}

function describeSubmission(
	reader: SessionReader,
	submission: LoggedSubmission &
		Partial<{readonly metadata: JsonObject; readonly serializedRuntimeEnv: string}>,
	driver: JobRecord | undefined,
): JobDetails {
	const hasEnded = ['STOPPED', 'SUCCEEDED', 'FAILED'].includes(submission.status);
	return {
		type: 'SUBMISSION',
		job_id: driver?.jobId ?? null,
		submission_id: submission.submissionId,
		driver_info: driver === undefined ? null : describeDriverInfo(reader, driver),
		status: submission.status,
		entrypoint: submission.entrypoint || (driver?.entrypoint ?? ''),
		message: submission.message || null,
		error_type: submission.errorType || null,
		start_time: firstSet(submission.startMs, driver?.startMs) ?? readTaskTimes(reader, driver).startMs,
		end_time: hasEnded
			? (firstSet(submission.endMs, driver?.endMs) ?? readTaskTimes(reader, driver).endMs)
			: null,
		metadata: (submission.metadata as Record<string, string> | undefined) ?? readMetadata(driver),
		runtime_env: parseRuntimeEnv(submission.serializedRuntimeEnv ?? driver?.serializedRuntimeEnv),
		driver_agent_http_address: submission.driverAgentHttpAddress || null,
		driver_node_id: submission.driverNodeId || null,
		driver_exit_code: submission.driverExitCode,
	};
}

function describeDriver(reader: SessionReader, record: JobRecord): JobDetails {
	return {
		type: 'DRIVER',
		job_id: record.jobId,
		submission_id: null,
		driver_info: describeDriverInfo(reader, record),
		status: record.isFinished ? 'SUCCEEDED' : 'RUNNING',
		entrypoint: record.entrypoint,
		message: null,
		error_type: null,
		start_time: firstSet(record.startMs) ?? readTaskTimes(reader, record).startMs,
		// The head has 0 for a driver that still runs, other than for a job that was submitted.
		end_time: record.isFinished ? (firstSet(record.endMs) ?? readTaskTimes(reader, record).endMs) : 0,
		metadata: record.metadata,
		runtime_env: parseRuntimeEnv(record.serializedRuntimeEnv),
		driver_agent_http_address: null,
		driver_node_id: null,
		driver_exit_code: null,
	};
}

/** Asked only where nothing else knows: all tasks of the job are read for it. */
function readTaskTimes(reader: SessionReader, driver: JobRecord | undefined) {
	return driver === undefined ? {startMs: null, endMs: null} : reader.jobTimes(driver.jobId);
}

function describeDriverInfo(reader: SessionReader, record: JobRecord): JobDetails['driver_info'] {
	return {
		id: record.jobId,
		node_ip_address: reader.entity('node', record.driverNodeId)?.ip ?? '',
		pid: record.driverPid,
	};
}

function readMetadata(record: JobRecord | undefined): Record<string, string> | null {
	if (record === undefined) return null;
	return Object.fromEntries(Object.entries(record.metadata).filter(([name]) => !OWN_METADATA.includes(name)));
}

function parseRuntimeEnv(text: string | undefined): unknown {
	if (text === undefined) return null;
	try {
		return text === '' ? {} : (JSON.parse(text) as unknown);
	} catch {
		return {};
	}
}

/** `GET /api/jobs/` */
export function answerJobs(reader: SessionReader, {isBrowser}: HistoryRequest): HistoryAnswer {
	return answerJson(readJobs(reader).map(job => redactJob(job, isBrowser)));
}

/** `GET /api/jobs/{job or submission id}` */
export function answerJob(reader: SessionReader, id: string, {isBrowser}: HistoryRequest): HistoryAnswer {
	const job = findJob(reader, id);
	return job === undefined ? answerUnknownJob(id) : answerJson(redactJob(job, isBrowser));
}

/** `GET /api/jobs/{id}/logs` */
export function answerJobLogs(reader: SessionReader, id: string): HistoryAnswer {
	const job = findJob(reader, id);
	if (job === undefined) return answerUnknownJob(id);
	if (job.type !== 'SUBMISSION') return answerText('Can only get logs of submission type jobs', 400);
	// Before its driver has a node there is nobody to ask.
	if (job.driver_node_id === null) return answerJson({logs: ''});
	const path = `job-driver-${job.submission_id!}.log`;
	const file =
		reader.logFile(job.driver_node_id, path) ?? reader.logFiles().find(candidate => candidate.path === path);
	return answerJson({logs: file === undefined ? '' : readLogText(reader, file, Infinity)});
}

export function findJob(reader: SessionReader, id: string): JobDetails | undefined {
	const jobs = readJobs(reader);
	const job = jobs.find(candidate => candidate.job_id === id) ?? findSubmission(jobs, id);
	if (job !== undefined) return job;
	// The list has the last driver of a submission; by its id each of them is found.
	const driver = reader.entity('job', id);
	const submission = findSubmission(jobs, driver?.metadata['job_submission_id']);
	if (driver === undefined || submission === undefined) return undefined;
	return {...submission, job_id: id, driver_info: describeDriverInfo(reader, driver)};
}

function findSubmission(jobs: readonly JobDetails[], id: string | undefined): JobDetails | undefined {
	return id === undefined ? undefined : jobs.find(job => job.submission_id === id);
}

function answerUnknownJob(id: string): HistoryAnswer {
	return answerText(`Job ${id} does not exist`, 404);
}

function redactJob(job: JobDetails, isBrowser: boolean): JobDetails {
	return isBrowser ? {...job, runtime_env: redactRuntimeEnv(job.runtime_env)} : job;
}

const COLUMNS: readonly StateColumn[] = [
	{name: 'type', isFilterable: true},
	{name: 'job_id', isFilterable: true},
	{name: 'submission_id', isFilterable: true},
	{name: 'driver_info'},
	{name: 'status', isFilterable: true},
	{name: 'entrypoint'},
	{name: 'message'},
	{name: 'error_type'},
	...[
		'start_time',
		'end_time',
		'metadata',
		'runtime_env',
		'driver_agent_http_address',
		'driver_node_id',
		'driver_exit_code',
	].map(name => ({name, isDetail: true})),
];

/** `GET /api/v0/jobs`, where the head takes no wrong filter for the caller's fault. */
export function answerJobList(reader: SessionReader, {query, isBrowser}: HistoryRequest): HistoryAnswer {
	const jobs = [...readJobs(reader)]
		.map(job => redactJob(job, isBrowser))
		.sort((a, b) => compare(a.job_id ?? '', b.job_id ?? ''));
	try {
		return answerStateList(jobs as unknown as readonly JsonObject[], COLUMNS, readListOptions(query));
	} catch (error) {
		if (error instanceof BadRequestError) throw new UnhandledRequestError(error.message);
		throw error;
	}
}
