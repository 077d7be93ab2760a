import type {LogFile} from '../store/history-types.js';
import type {SessionReader} from '../store/session-reader.js';
import {isObject} from '../ingest/wire-values.js';

/** The beginning of a log file, up to so many bytes. */
export function readLogText(reader: SessionReader, {id, sizeBytes}: LogFile, maxBytes: number): string {
	return Buffer.concat([...reader.readLog(id, 0, Math.min(sizeBytes, maxBytes))]).toString('utf8');
}

/** How far the head's clock was ahead of UTC: its logs have local times. 0 where nobody asked it. */
export function readTimeOffsetMs(reader: SessionReader): number {
	const body = reader.snapshot('/timezone')?.body;
	const value: unknown = body === undefined ? undefined : JSON.parse(body);
	const [, sign, hours, minutes] =
		/^([+-])(\d\d):(\d\d)$/.exec(isObject(value) ? String(value['offset']) : '') ?? [];
	if (sign === undefined) return 0;
	return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
