import {readTaskKey, type TaskKey} from './task-key.js';
import {readId, readObject, readObjects, readText, type JsonObject} from './wire-values.js';

/** Start and end in nanoseconds, name, and extra data as JSON text. */
export type TaskSpan = readonly [string, string, string, string];

export interface TaskProfile extends TaskKey {
	/** Kind of process, its id, and its node's address. */
	readonly component: readonly [string, string, string];
	readonly spans: readonly TaskSpan[];
}

export function decodeTaskProfile(body: JsonObject): TaskProfile {
	const profile = readObject(body['profileEvents']);
	return {
		...readTaskKey(body, 'attemptNumber'),
		component: [
			readText(profile['componentType']),
			readId(profile['componentId'], 'componentId'),
			readText(profile['nodeIpAddress']),
		],
		spans: readObjects(profile['events']).map(
			({startTime, endTime, eventName, extraData}) =>
				[digits(startTime), digits(endTime), readText(eventName), readText(extraData)] as const,
		),
	};
}

function digits(value: unknown): string {
	return typeof value === 'number' || typeof value === 'string' ? String(value) : '0';
}
