import type {ModelEvent} from '../../core/models/model-event.js';
import type {LoadProgress} from './model-facts.js';

/**
 * Says what the events of a fetch and a build mean for those who wait.
 *
 * @param sizeBytes - of all that is fetched, about.
 * @returns the progress after an event; undefined for one that changes nothing.
 */
export function describeLoad(sizeBytes: number): (event: ModelEvent) => LoadProgress | undefined {
	const received = new Map<string, {readonly bytes: number; readonly totalBytes: number}>();
	return event => {
		switch (event.type) {
			case 'source-tried':
				// What another source had sent does not count.
				received.clear();
				return {activity: `Fetching ${event.model} from ${event.source}`, fraction: 0};
			case 'file-progressed': {
				const {file, receivedBytes, totalBytes = receivedBytes} = event;
				received.set(file, {bytes: receivedBytes, totalBytes});
				const files = [...received.values()];
				const bytes = files.reduce((sum, other) => sum + other.bytes, 0);
				const total = files.reduce((sum, other) => sum + other.totalBytes, 0);
				const fraction = Math.min(1, bytes / Math.max(1, total, sizeBytes));
				return {activity: `Fetching ${event.model}: ${percent(fraction)}`, fraction};
			}
			case 'lock-awaited':
				return {
					activity: `Waiting for ${event.holder}, which works on ${event.model} too`,
					fraction: undefined,
				};
			case 'graphs-progressed':
				return {
					activity: `Preparing ${event.model} for ${event.precision}: ${percent(event.fraction)}`,
					fraction: undefined,
				};
			case 'source-failed':
			case 'file-completed':
			case 'request-retried':
			case 'model-installed':
			case 'model-found':
			case 'graphs-built':
				return undefined;
		}
	};
}

function percent(fraction: number): string {
	return `${Math.floor(fraction * 100)} %`;
}
