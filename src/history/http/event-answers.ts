import type {SessionReader} from '../store/session-reader.js';
import {answerResult, type HistoryAnswer} from './answer.js';
import {toGoogleStyle} from './google-style.js';
import {readListOptions} from './list-options.js';
import {readTimeOffsetMs} from './read-log-text.js';
import {UnhandledRequestError, type HistoryRequest} from './request.js';
import {answerStateList, type StateColumn} from './state-list.js';

/** `GET /events[?job_id=]` */
export function answerEvents(reader: SessionReader, {query}: HistoryRequest): HistoryAnswer {
	const jobId = query.get('job_id');
	const events: Record<string, unknown[]> = {};
	for (const line of reader.logEvents())
		(events[line.jobId] ??= []).push(toGoogleStyle(parseEvent(line.json)));
	return jobId === null
		? answerResult('All events fetched.', {events})
		: answerResult('Job events fetched.', {jobId, events: events[jobId] ?? []});
}

/** The head's files hold newlines as backslash and letter. */
function parseEvent(json: string): Readonly<Record<string, unknown>> {
	const event = JSON.parse(json) as Record<string, unknown>;
	const {message} = event;
	if (typeof message !== 'string') return event;
	return {...event, message: message.replaceAll('\\n', '\n').replaceAll('\\r', '\n')};
}

const COLUMNS: readonly StateColumn[] = [
	{name: 'severity', isFilterable: true},
	{name: 'time'},
	{name: 'source_type', isFilterable: true},
	{name: 'message'},
	{name: 'event_id', isFilterable: true},
	{name: 'custom_fields', isDetail: true},
];

/**
 * `GET /api/v0/cluster_events`: as the head sorts by a time that some of its parts write as text and some as a
 * number, it answers only while all events are of one kind.
 */
export function answerClusterEvents(reader: SessionReader, {query}: HistoryRequest): HistoryAnswer {
	const options = readListOptions(query);
	const events = reader.logEvents().map(({json}) => parseEvent(json));
	if (new Set(events.map(({timestamp}) => typeof timestamp)).size > 1) {
		throw new UnhandledRequestError('times that cannot be compared');
	}

	const offsetMs = readTimeOffsetMs(reader);
	const rows = events.map(event => ({
		...event,
		time: formatLocalTime(Math.trunc(Number(event['timestamp'])) * 1000 + offsetMs),
	}));
	return answerStateList(rows, COLUMNS, options);
}

/** As Python prints one without a fraction. */
function formatLocalTime(ms: number): string {
	return Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 19).replace('T', ' ') : '';
}
