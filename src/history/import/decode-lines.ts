import {EventBatch, type EventGroup} from '../ingest/event-batch.js';
import {addJson} from './add-json.js';

/** Lines of a file of events. Plain data: it goes from thread to thread. */
export interface EventLines {
	readonly path: string;
	/** Counted from 1. */
	readonly firstLine: number;
	/** UTF-8. */
	readonly bytes: Uint8Array;
}

/** A byte order mark that is not at the beginning belongs to the text. */
const decoder = new TextDecoder('utf-8', {ignoreBOM: true});

export function decodeLines({path, firstLine, bytes}: EventLines): EventGroup {
	const batch = new EventBatch();
	const text = decoder.decode(bytes);
	let line = firstLine;
	for (let start = 0; start < text.length; line += 1) {
		const found = text.indexOf('\n', start);
		const end = found < 0 ? text.length : found;
		const value = text.slice(start, end).trim();
		if (value !== '') addJson(batch, value, path, `line ${line}`);
		start = end + 1;
	}

	return batch.toGroup();
}
