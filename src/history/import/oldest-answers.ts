import {isObject, readNumber, readObject, readText, type JsonObject} from '../ingest/wire-values.js';
import type {LogEventLine} from '../store/history-types.js';
import {readActorAnswer, readJobAnswer, readNodeAnswer, readTaskAnswer} from './answers-to-events.js';

/** What a file of the oldest layout holds: which address was asked, and how its answer is read. */
export interface OldestAnswer {
	/** Address that the answer is of; undefined for what the collector wrote of itself. */
	readonly path: string | undefined;
	readonly query: string;
	/** Events that the answer comes to. */
	readonly readEvents?: (body: unknown) => readonly JsonObject[];
	readonly readLogEvents?: (body: unknown) => readonly LogEventLine[];
}

type AnswerParts = Omit<OldestAnswer, 'path' | 'query'>;

const JOB_FILTER = 'filter_keys=job_id&filter_predicates=%3D&filter_values=';

/** Names of files, with "*" for an id, and the address that was asked for it. */
const KNOWN: readonly (readonly [string, string, AnswerParts])[] = [
	['restful__nodes_view_summary', '/nodes?view=summary', {readEvents: readNodeAnswer}],
	['restful__nodes_*', '/nodes/*', {}],
	['restful__api__v0__tasks_detail', '/api/v0/tasks?detail=1&limit=10000', {readEvents: readTaskAnswer}],
	[
		'restful__api__v0__tasks_detail_job_id_*',
		`/api/v0/tasks?detail=1&limit=10000&${JOB_FILTER}*`,
		{readEvents: readTaskAnswer},
	],
	['restful__api__v0__tasks_summarize_by_func_name_job_id_*', `/api/v0/tasks/summarize?${JOB_FILTER}*`, {}],
	[
		'restful__api__v0__tasks_summarize_by_lineage_job_id_*',
		`/api/v0/tasks/summarize?${JOB_FILTER}*&summary_by=lineage`,
		{},
	],
	['restful__api__data__datasets_job_id_*', '/api/data/datasets/*', {}],
	['restful__api__v0__logs_node_id_*', '/api/v0/logs?node_id=*', {}],
	['restful__api__v0__placement_groups_detail', '/api/v0/placement_groups?detail=1&limit=10000', {}],
	['restful__logical__actors', '/logical/actors', {readEvents: readActorAnswer}],
	['restful__events', '/events', {readLogEvents: readEventAnswer}],
	['restful__api__jobs', '/api/jobs', {readEvents: readJobAnswer}],
];

/** By the name of a file of `meta/`. */
export function describeOldestAnswer(fileName: string): OldestAnswer {
	const key = fileName.replace(/\.json$/, '');
	for (const [pattern, address, parts] of KNOWN) {
		const id = matchKey(pattern, key);
		if (id === undefined) continue;
		const [path = '', query = ''] = address.replace('*', id).split('?', 2);
		return {path, query, ...parts};
	}

	if (!key.startsWith('restful')) return {path: undefined, query: ''};
	const [path = '', query = ''] = key.slice('restful'.length).split('?', 2);
	return {path: path.replaceAll('__', '/').replace(/\/+$/, ''), query};
}

/** The id where there is one, else "". */
function matchKey(pattern: string, key: string): string | undefined {
	if (!pattern.endsWith('*')) return pattern === key ? '' : undefined;
	const start = pattern.slice(0, -1);
	return key.startsWith(start) && key.length > start.length ? key.slice(start.length) : undefined;
}

/** The session's name, as far as a file of `meta/` tells it: the collector's own, or the head's answer. */
export function readOldestSessionName(text: string): string {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return '';
	}

	const data = readObject(readObject(value)['data']);
	const names = [readObject(value), data].flatMap(object => [
		readText(object['sessionName']),
		readText(object['sessionId']),
		readText(object['session_name']),
	]);
	return names.find(name => name.startsWith('session_')) ?? '';
}

/** `/events`: lists by job. The members have the names of the answer, and are kept under those of the files. */
function readEventAnswer(body: unknown): readonly LogEventLine[] {
	const events = readObject(readObject(readObject(body)['data'])['events']);
	return Object.entries(events).flatMap(([jobId, list]) =>
		(Array.isArray(list) ? list : []).filter(isObject).flatMap(event => {
			const eventId = readText(event['eventId']);
			if (eventId === '') return [];
			const json = JSON.stringify(
				Object.fromEntries(Object.entries(event).map(([name, value]) => [toSnakeCase(name), value])),
			);
			return [{eventId, jobId, timestamp: String(readNumber(event['timestamp'])), json}];
		}),
	);
}

function toSnakeCase(name: string): string {
	return name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}
