import type {SubmissionRecord} from '../ingest/entity-records.js';
import {firstSet, isObject} from '../ingest/wire-values.js';
import type {LogFile} from '../store/history-types.js';
import type {SessionReader} from '../store/session-reader.js';
import {readLogText, readTimeOffsetMs} from './read-log-text.js';

/** What a session's logs tell of one job that was submitted. 0, "" and null stand for what they do not. */
export type LoggedSubmission = Omit<SubmissionRecord, 'serializedRuntimeEnv' | 'metadata'>;

const ENDED = ['STOPPED', 'SUCCEEDED', 'FAILED'];

/** The head shows this much of the end of a failed job's log. */
const MESSAGE_LINES = 10;
const MESSAGE_CHARACTERS = 20_000;

/** Logs of supervisors and agents are short; more of one than this is not read. */
const MAX_LOG_BYTES = 8 * 1024 * 1024;

/**
 * Puts submitted jobs together from the files they leave behind: `events/event_JOBS.log` has the status,
 * `jobs/supervisor-X.log` the exit code, `job-driver-X.log` the command and its last lines, and
 * `dashboard_agent.log` when each began and where its node's agent listens.
 */
export function readLoggedSubmissions(reader: SessionReader): ReadonlyMap<string, LoggedSubmission> {
	const files = reader.logFiles();
	const offsetMs = readTimeOffsetMs(reader);
	const statuses = readStatuses(reader);
	const supervisors = byCapture(files, /^jobs\/supervisor-(.+)\.log$/);
	const drivers = byCapture(files, /^job-driver-(.+)\.log$/);
	const agents = readAgents(reader, files, offsetMs);
	const submissions = new Map<string, LoggedSubmission>();
	for (const submissionId of new Set([
		...statuses.keys(),
		...supervisors.keys(),
		...drivers.keys(),
		...agents.starts.keys(),
	])) {
		const supervisor = supervisors.get(submissionId);
		const driver = drivers.get(submissionId);
		const supervision = supervisor === undefined ? undefined : readSupervision(reader, supervisor, offsetMs);
		const status = statuses.get(submissionId);
		const nodeId = firstSet(supervision?.nodeId, supervisor?.nodeId) ?? '';
		const state = status?.state ?? stateOfExit(supervision);
		submissions.set(submissionId, {
			submissionId,
			entrypoint: driver === undefined ? '' : readEntrypoint(reader, driver, submissionId),
			status: state,
			...describeEnd(state, status?.reason ?? '', supervision, () =>
				driver === undefined ? '' : readLastLines(reader, driver),
			),
			startMs: firstSet(agents.starts.get(submissionId), status?.startMs, supervision?.startMs) ?? 0,
			endMs: ENDED.includes(state) ? (firstSet(supervision?.endMs, status?.endMs) ?? 0) : 0,
			driverNodeId: nodeId,
			driverAgentHttpAddress: agents.addresses.get(nodeId) ?? '',
			driverExitCode: supervision?.exitCode ?? null,
		});
	}

	return submissions;
}

/** What can keep a command from ending by itself, by how the head begins to tell of it. */
const FAILURES: readonly (readonly [string, string])[] = [
	['runtime_env setup failed: ', 'RUNTIME_ENV_SETUP_FAILURE'],
	['Job supervisor actor could not be scheduled: ', 'JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE'],
	['Job supervisor actor died: ', 'JOB_SUPERVISOR_ACTOR_DIED'],
	['Unexpected error occurred: ', 'JOB_SUPERVISOR_ACTOR_UNKNOWN_FAILURE'],
];

function describeEnd(
	state: string,
	reason: string,
	supervision: Supervision | undefined,
	readLast: () => string,
): Pick<LoggedSubmission, 'message' | 'errorType'> {
	const exitCode = supervision?.exitCode ?? null;
	if (state === 'FAILED' && exitCode === null) {
		const fault = supervision?.fault ?? '';
		if (fault !== '') return {message: fault, errorType: 'JOB_ENTRYPOINT_COMMAND_START_ERROR'};
		const errorType = FAILURES.find(([beginning]) => reason.startsWith(beginning))?.[1] ?? '';
		if (errorType !== '') return {message: reason, errorType};
	}

	return {
		message: describeState(state, exitCode, readLast),
		errorType: state === 'FAILED' && exitCode !== null ? 'JOB_ENTRYPOINT_COMMAND_ERROR' : '',
	};
}

interface Supervision {
	readonly nodeId: string;
	readonly exitCode: number | null;
	/** Why the command could not even begin. */
	readonly fault: string;
	readonly startMs: number;
	/** Of the exit, or of the last thing it said. */
	readonly endMs: number;
}

function readSupervision(reader: SessionReader, file: LogFile, offsetMs: number): Supervision {
	const text = readLogText(reader, file, MAX_LOG_BYTES);
	const exit = /^(\S+ \S+).* entrypoint command exited with code (-?\d+)/m.exec(text);
	const times = [...text.matchAll(/^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3})\t/gm)].map(([, time]) => time!);
	return {
		nodeId: /\bnode_id=([\da-f]+)/.exec(text)?.[1] ?? '',
		exitCode: exit === null ? null : Number(exit[2]),
		fault:
			/while trying to execute driver command\. (Traceback [^]*?\n)(?=\d{4}-\d\d-\d\d |$)/.exec(text)?.[1] ??
			'',
		startMs: readLogTime(times[0], offsetMs),
		endMs: readLogTime(exit?.[1] ?? (times.length > 1 ? times.at(-1) : undefined), offsetMs),
	};
}

/** "2026-11-23 04:48:54,448" of the head's time zone. */
function readLogTime(text: string | undefined, offsetMs: number): number {
	const ms = Date.parse(`${(text ?? '').replace(' ', 'T').replace(',', '.')}Z`);
	return Number.isNaN(ms) ? 0 : ms - offsetMs;
}

function readStatuses(reader: SessionReader) {
	const statuses = new Map<string, {state: string; reason: string; startMs: number; endMs: number}>();
	for (const {json, timestamp} of reader.logEvents()) {
		const event: unknown = JSON.parse(json);
		if (!isObject(event) || event['source_type'] !== 'JOBS') continue;
		const [, submissionId, state, reason = ''] =
			/^(?:Started|Completed) a ray job (.+?)(?: with a status (\w+))?\.(?: ([^]*)|$)/.exec(
				String(event['message']),
			) ?? [];
		if (submissionId === undefined) continue;
		const status = statuses.get(submissionId) ?? {state: '', reason: '', startMs: 0, endMs: 0};
		if (state === undefined) status.startMs = Number(timestamp) * 1000;
		else [status.state, status.reason, status.endMs] = [state, reason, Number(timestamp) * 1000];
		statuses.set(submissionId, status);
	}

	return new Map([...statuses].map(([id, status]) => [id, {...status, state: status.state || undefined}]));
}

function stateOfExit(supervision: Supervision | undefined): string {
	// Without a supervisor nothing has begun yet.
	if (supervision === undefined) return 'PENDING';
	if (supervision.exitCode === null) return 'RUNNING';
	return supervision.exitCode === 0 ? 'SUCCEEDED' : 'FAILED';
}

function readAgents(reader: SessionReader, files: readonly LogFile[], offsetMs: number) {
	const addresses = new Map<string, string>();
	const starts = new Map<string, number>();
	for (const file of files.filter(({path}) => path === 'dashboard_agent.log')) {
		const text = readLogText(reader, file, MAX_LOG_BYTES);
		const address = /Dashboard agent http address: (\S+)/.exec(text)?.[1];
		if (address !== undefined) addresses.set(file.nodeId, `http://${address}`);
		for (const [, time, id] of text.matchAll(/^(\S+ \S+)\t.* Starting job with submission_id: (.+)$/gm)) {
			starts.set(id!, readLogTime(time, offsetMs));
		}
	}

	return {addresses, starts};
}

function readEntrypoint(reader: SessionReader, file: LogFile, submissionId: string): string {
	const text = readLogText(reader, file, 64 * 1024);
	const marker = `Running entrypoint for job ${submissionId}: `;
	const at = text.indexOf(marker);
	if (at < 0) return '';
	const end = text.indexOf('\n', at);
	return text.slice(at + marker.length, end < 0 ? undefined : end);
}

function readLastLines(reader: SessionReader, file: LogFile): string {
	const start = reader.findLastLines(file.id, file.sizeBytes, MESSAGE_LINES);
	const bytes = Buffer.concat([
		...reader.readLog(file.id, Math.max(start, file.sizeBytes - MAX_LOG_BYTES), file.sizeBytes),
	]);
	return bytes.toString('utf8').slice(-MESSAGE_CHARACTERS);
}

/** The head's own words. */
export function describeState(state: string, exitCode: number | null, readLast: () => string): string {
	switch (state) {
		case 'PENDING':
			return 'Job has not started yet. It may be waiting for resources (CPUs, GPUs, memory, custom resources) to become available.';
		case 'RUNNING':
			return 'Job is currently running.';
		case 'STOPPED':
			return 'Job was intentionally stopped.';
		case 'SUCCEEDED':
			return 'Job finished successfully.';
		default: {
			if (exitCode === null) return 'Job failed.';
			const last = readLast();
			return last === ''
				? `Job entrypoint command failed with exit code ${exitCode}. No logs available.`
				: `Job entrypoint command failed with exit code ${exitCode}, last available logs (truncated to 20,000 chars):\n${last}`;
		}
	}
}

function byCapture(files: readonly LogFile[], pattern: RegExp): ReadonlyMap<string, LogFile> {
	return new Map(
		files.flatMap(file => {
			const id = pattern.exec(file.path)?.[1];
			return id === undefined ? [] : [[id, file] as const];
		}),
	);
}
