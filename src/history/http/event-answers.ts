import type {SessionReader} from '../store/session-reader.js';
import {answerResult, type HistoryAnswer} from './answer.js';
import {toGoogleStyle} from './google-style.js';
import type {HistoryRequest} from './request.js';

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
function parseEvent(json: string): unknown {
	const event = JSON.parse(json) as Record<string, unknown>;
	const {message} = event;
	if (typeof message !== 'string') return event;
	return {...event, message: message.replaceAll('\\n', '\n').replaceAll('\\r', '\n')};
}
