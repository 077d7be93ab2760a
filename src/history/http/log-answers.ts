import {posix} from 'node:path';

import {firstSet} from '../ingest/wire-values.js';
import {readTaskDetail} from '../ingest/task-facts.js';
import type {LogFile} from '../store/history-types.js';
import type {SessionReader} from '../store/session-reader.js';
import type {TaskFilter} from '../store/task-query.js';
import {answerResult, answerText, type HistoryAnswer} from './answer.js';
import {matchesGlob} from './match-glob.js';
import {BadRequestError, readInteger, UnhandledRequestError, type HistoryRequest} from './request.js';
import {describeLog, readTaskState} from './task-json.js';
import {readJobs} from './job-answers.js';

const DEFAULT_LINES = 1000;

/** A log that is not there, with the head's own words. */
class MissingLogError extends Error {}

/** `GET /api/v0/logs?node_id&glob` */
export function answerLogList(reader: SessionReader, {query}: HistoryRequest): HistoryAnswer {
	const glob = query.get('glob') ?? '*';
	const nodeIp = query.get('node_ip');
	if (!query.get('node_id') && !nodeIp) {
		return answerResult(
			'Both node id and node ip are not provided. Please provide at least one of them.',
			{result: null},
			400,
		);
	}

	const nodeId = firstSet(query.get('node_id')) ?? findNodeByIp(reader, nodeIp!);
	if (nodeId === undefined) {
		return answerResult(`Cannot find matching node_id for a given node ip ${nodeIp}`, {result: null}, 404);
	}

	if (glob.startsWith('/') || leavesFolder(glob)) {
		return answerText(
			`Invalid glob filter: ${glob}. It must be a relative path and cannot contain '..'.`,
			400,
		);
	}

	const files = reader.logFiles(nodeId);
	if (files.length === 0) throw new UnhandledRequestError(`no logs of node ${nodeId}`);
	const paths = files.map(({path}) => path);
	const matching = listEntries(paths).filter(entry => matchesGlob(entry, glob));
	const groups: Record<string, string[]> = {};
	for (const path of matching) (groups[categorize(path)] ??= []).push(path);
	return answerResult('', {result: groups});
}

/** Also where the dots or slashes were encoded once more, and as another system would read it. */
function leavesFolder(path: string): boolean {
	const decoded = path.replaceAll(/%(2e|2f|3a|5c)/gi, escape => decodeURIComponent(escape));
	if (/^(?:[a-z]:|\\|\/\/)/i.test(decoded)) return true;
	return decoded.split(/[/\\]/).includes('..') || decoded.includes('\0');
}

/** All files, and all folders with a slash at their end. */
function listEntries(paths: readonly string[]): readonly string[] {
	const folders = new Set<string>();
	for (const path of paths) {
		for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1))
			folders.add(path.slice(0, at + 1));
	}

	return ['./', ...folders, ...paths];
}

/** By the name, the first rule that fits. */
function categorize(path: string): string {
	const has = (part: string) => path.includes(part);
	if (has('worker') && path.endsWith('.out')) return 'worker_out';
	if (has('worker') && path.endsWith('.err')) return 'worker_err';
	if (has('core-worker') && path.endsWith('.log')) return 'core_worker';
	if (has('core-driver') && path.endsWith('.log')) return 'driver';
	if (has('raylet.')) return 'raylet';
	if (has('gcs_server.')) return 'gcs_server';
	if (has('log_monitor')) return 'internal';
	if (has('monitor')) return 'autoscaler';
	if (has('agent.')) return 'agent';
	if (has('dashboard.')) return 'dashboard';
	return 'internal';
}

/** `GET /api/v0/logs/file` and `/stream`: of what is over, both end at the end. */
export function answerLog(reader: SessionReader, mediaType: string, {query}: HistoryRequest): HistoryAnswer {
	try {
		return answerFound(reader, mediaType, query);
	} catch (error) {
		if (error instanceof MissingLogError) return answerText(error.message, 500);
		throw error;
	}
}

function answerFound(reader: SessionReader, mediaType: string, query: URLSearchParams): HistoryAnswer {
	assertOptions(mediaType, query);
	if (leavesFolder(query.get('filename') ?? '')) {
		throw new BadRequestError(`Invalid filename: ${query.get('filename')!}. It must not contain '..'.`);
	}

	const lines = readInteger(query.get('lines') ?? String(DEFAULT_LINES));
	const {file, start, end} = resolveLog(reader, query);
	const stop = Math.min(end ?? file.sizeBytes, file.sizeBytes);
	// The head reads 0 as "not said".
	const wanted = lines === 0 ? DEFAULT_LINES : lines;
	const offset = Number(query.get('offset') ?? 0);
	const from = Math.max(
		start ?? 0,
		Number.isFinite(offset) ? offset : 0,
		wanted === -1 ? 0 : findStart(reader, file, stop, wanted),
	);
	const name = (query.get('download_filename') ?? 'file.txt').replaceAll(/[\r\n"\\]/g, '_');
	const bytes = reader.readLog(file.id, from, stop);
	return {
		status: 200,
		contentType: 'text/plain',
		headers: {'content-disposition': `attachment; filename="${name}"`},
		body: query.get('filter_ansi_code')?.toLowerCase() === 'true' ? dropAnsi(bytes) : bytes,
	};
}

/** The head counts newlines, so that text after the last of them is one more line. */
function findStart(reader: SessionReader, file: LogFile, end: number, lines: number): number {
	return lines < 0 ? end : reader.findLastLines(file.id, end, lines);
}

function* dropAnsi(pieces: Iterable<Buffer>): Generator<Buffer, void, undefined> {
	for (const piece of pieces) {
		// eslint-disable-next-line no-control-regex -- escape sequences begin with one
		yield Buffer.from(piece.toString('latin1').replaceAll(/\u001B\[[(0-9);]+m/g, ''), 'latin1');
	}
}

function assertOptions(mediaType: string, query: URLSearchParams): void {
	const has = (...names: readonly string[]) => names.some(name => Boolean(query.get(name)));
	if (!['file', 'stream'].includes(mediaType))
		throw new UnhandledRequestError(`Invalid media type: ${mediaType}`);
	if (!has('node_id', 'node_ip', 'actor_id', 'task_id')) throw new UnhandledRequestError('no node');
	if (has('node_id') && has('node_ip')) throw new UnhandledRequestError('two nodes');
	if (!has('actor_id', 'task_id', 'pid', 'filename', 'submission_id'))
		throw new UnhandledRequestError('no file');
	if (!['out', 'err'].includes(query.get('suffix') ?? 'out'))
		throw new UnhandledRequestError('no such suffix');
}

interface ResolvedLog {
	readonly file: LogFile;
	/** Bytes. */
	readonly start?: number | undefined;
	readonly end?: number | undefined;
}

function resolveLog(reader: SessionReader, query: URLSearchParams): ResolvedLog {
	const suffix = query.get('suffix') ?? 'out';
	const actorId = query.get('actor_id');
	if (actorId) return {file: findActorLog(reader, actorId, suffix, query)};
	const taskId = query.get('task_id');
	if (taskId) return findTaskLog(reader, taskId, readInteger(query.get('attempt_number') ?? '0'), suffix);
	const nodeIp = query.get('node_ip');
	const nodeId = firstSet(query.get('node_id'), nodeIp ? findNodeByIp(reader, nodeIp) : '') ?? '';
	const submissionId = query.get('submission_id');
	if (submissionId) return {file: findSubmissionLog(reader, submissionId, query)};
	const pid = query.get('pid');
	if (pid) {
		const file = reader
			.logFiles(nodeId)
			.find(({path}) => readWorkerLog(path)?.pid === pid && path.endsWith(suffix));
		if (file === undefined) throw new MissingLogError(describeMissing(query, nodeId));
		return {file};
	}

	return {file: findNamed(reader, nodeId, query.get('filename')!)};
}

function findNamed(reader: SessionReader, nodeId: string, filename: string): LogFile {
	if (nodeId === '') throw new MissingLogError(NO_NODE);
	if (reader.logFiles(nodeId).length === 0) {
		throw new MissingLogError(describeNoAgent(nodeId));
	}

	const file = reader.logFile(nodeId, withinLogs(filename));
	if (file !== undefined) return file;
	const folder = findLogFolder(reader, nodeId) || findLogFolder(reader);
	throw new MissingLogError(
		`A file is not found at: ${folder === '' ? filename : posix.resolve(folder, filename)}`,
	);
}

/** What the head's validation says when an address is none of its nodes'. */
const NO_NODE = [
	'1 validation error for ResolvedStreamFileInfo',
	'node_id',
	'  Input should be a valid string [type=string_type, input_value=None, input_type=NoneType]',
	'    For further information visit https://errors.pydantic.dev/2.14/v/string_type',
].join('\n');

function describeNoAgent(nodeId: string): string {
	return `Agent for node id: ${nodeId} doesn't exist.`;
}

/** Where logs lay on the nodes, as far as a task names one of them; only for telling what is missing. */
function findLogFolder(reader: SessionReader, nodeId?: string): string {
	const filters: readonly TaskFilter[] =
		nodeId === undefined ? [] : [{column: 'node_id', isNegated: false, value: nodeId}];
	for (const row of reader.tasks({filters, excludesDrivers: true}, 1000)) {
		const {stdoutFile} = readTaskDetail(row.facts).values;
		if (stdoutFile !== undefined) return posix.dirname(stdoutFile);
	}

	return '';
}

/** Tasks name their files with the folder they had on the node. */
function withinLogs(filename: string): string {
	const at = filename.lastIndexOf('/logs/');
	return filename.startsWith('/') && at >= 0 ? filename.slice(at + '/logs/'.length) : filename;
}

function findActorLog(
	reader: SessionReader,
	actorId: string,
	suffix: string,
	query: URLSearchParams,
): LogFile {
	const actor = reader.entity('actor', actorId);
	if (actor === undefined) throw new MissingLogError(`Actor ID ActorID(${actorId}) not found.`);
	if (actor.incarnations.length === 0) {
		throw new MissingLogError(
			`Worker ID for Actor ID ActorID(${actorId}) not found. Actor is not scheduled yet.`,
		);
	}

	for (const [nodeId, workerId] of actor.incarnations.toReversed()) {
		const file = reader
			.logFiles(nodeId)
			.find(({path}) => readWorkerLog(path)?.workerId === workerId && path.endsWith(suffix));
		if (file !== undefined) return file;
	}

	const lastNode = actor.incarnations.at(-1)![0];
	if (reader.logFiles(lastNode).length === 0) throw new MissingLogError(describeNoAgent(lastNode));
	throw new MissingLogError(describeMissing(query, actor.nodeId));
}

function findTaskLog(reader: SessionReader, taskId: string, attempt: number, suffix: string): ResolvedLog {
	const rows = [
		...reader.tasks({
			filters: [{column: 'task_id', isNegated: false, value: taskId}],
			excludesDrivers: false,
		}),
	];
	if (rows.length === 0) {
		throw new MissingLogError(
			`Could not find log file for task: ${taskId} (attempt ${attempt}) with suffix: ${suffix}`,
		);
	}

	const row = rows.find(candidate => candidate.attempt === attempt);
	if (row === undefined)
		throw new MissingLogError(`Could not find log file for task attempt:${taskId}(${attempt})`);
	const task = readTaskState(row, reader.shape(row.shape_id));
	const place = `${taskId}(${attempt})`;
	if (task.nodeId === null) {
		throw new MissingLogError(`Could not find log file for task attempt.${place} due to missing node info.`);
	}

	const log = describeLog(task.detail);
	if (log === null && task.actorId !== null) {
		throw new MissingLogError(
			`For actor task, please query actor log for actor(${task.actorId}): e.g. ray logs actor --id ${task.actorId} . Or set RAY_ENABLE_RECORD_ACTOR_TASK_LOGGING=1 in actor's runtime env or when starting the cluster. Recording actor task's log could be expensive, so Ray turns it off by default.`,
		);
	}

	if (log === null) {
		throw new MissingLogError(
			`Could not find log file for task attempt:${place}.Worker id = ${task.workerId ?? 'None'}, node id = ${task.nodeId},log_info = None`,
		);
	}

	const {stdoutFile, stderrFile, stdoutStart, stdoutEnd, stderrStart, stderrEnd} = task.detail.values;
	const [filename, start, end] =
		suffix === 'out' ? [stdoutFile, stdoutStart, stdoutEnd] : [stderrFile, stderrStart, stderrEnd];
	if (filename === undefined) {
		throw new MissingLogError(
			`Missing log filename info in ${JSON.stringify(log)} for task ${taskId},attempt ${attempt}`,
		);
	}

	return {file: findNamed(reader, task.nodeId, filename), start, end};
}

function findSubmissionLog(reader: SessionReader, submissionId: string, query: URLSearchParams): LogFile {
	const job = readJobs(reader).find(({submission_id: id}) => id === submissionId);
	const nodeId = job?.driver_node_id ?? '';
	const file = reader.logFile(nodeId, `job-driver-${submissionId}.log`);
	if (file === undefined) throw new MissingLogError(describeMissing(query, nodeId));
	return file;
}

function readWorkerLog(path: string): {readonly workerId: string; readonly pid: string} | undefined {
	const match = /worker-([\da-f]+)-[\da-f]+-(\d+)\.(?:out|err)$/.exec(path);
	return match === null ? undefined : {workerId: match[1]!, pid: match[2]!};
}

function findNodeByIp(reader: SessionReader, ip: string): string | undefined {
	const nodes = reader.entities('node').filter(node => node.ip === ip);
	return (nodes.find(({state}) => state === 'ALIVE') ?? nodes[0])?.nodeId;
}

function describeMissing(query: URLSearchParams, nodeId: string): string {
	const value = (name: string) => query.get(name) ?? 'None';
	return [
		'Could not find a log file. Please make sure the given option exists in the cluster.',
		`\tnode_id: ${nodeId || 'None'}`,
		'\tfilename: None',
		`\tactor_id: ${value('actor_id')}`,
		`\ttask_id: ${value('task_id')}`,
		`\tpid: ${value('pid')}`,
		`\tsuffix: ${query.get('suffix') ?? 'out'}`,
		`\tsubmission_id: ${value('submission_id')}`,
		`\tattempt_number: ${query.get('attempt_number') ?? '0'}`,
		'',
	].join('\n');
}
