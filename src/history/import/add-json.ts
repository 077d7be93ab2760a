import type {EventBatch} from '../ingest/event-batch.js';
import {parseJson} from './parse-json.js';

/** Takes the events of a text: one event, or one array of them. What is no JSON is noted. */
export function addJson(batch: EventBatch, text: string, source: string, place: string): void {
	const value = parseJson(text);
	if (value === undefined) batch.damages.push({source, place, reason: 'no JSON'});
	else if (Array.isArray(value)) {
		for (const [index, item] of value.entries()) batch.add(item, source, `${place}, item ${index + 1}`);
	} else batch.add(value, source, place);
}
