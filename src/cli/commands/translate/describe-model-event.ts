import type {ModelEvent} from '../../../core/models/model-event.js';
import type {RunStatus} from '../../render/run-status.js';

/** What a model event looks like in the view of a run; undefined for one that changes nothing there. */
export function statusOfModelEvent(event: ModelEvent): RunStatus | undefined {
	switch (event.type) {
		case 'file-progressed':
			return {
				kind: 'model',
				model: event.model,
				activity: `fetching ${event.file}`,
				fraction: event.totalBytes ? event.receivedBytes / event.totalBytes : undefined,
			};
		case 'graphs-progressed':
			return {
				kind: 'model',
				model: event.model,
				activity: `preparing for ${event.precision}`,
				fraction: event.fraction,
			};
		case 'source-tried':
		case 'source-failed':
		case 'file-completed':
		case 'request-retried':
		case 'lock-awaited':
		case 'model-installed':
		case 'model-found':
		case 'graphs-built':
			return undefined;
	}
}

/** The sentence a model event is worth; undefined for one that is no news. */
export function sentenceOfModelEvent(event: ModelEvent): string | undefined {
	switch (event.type) {
		case 'source-tried':
			return `${event.model}: fetching from ${event.source}`;
		case 'source-failed':
			return `${event.model}: ${event.source} did not deliver: ${event.reason}`;
		case 'lock-awaited':
			return `${event.model}: waiting for ${event.holder}, which works on the same model`;
		case 'model-installed':
			return `${event.model}: installed`;
		case 'request-retried':
		case 'file-progressed':
		case 'file-completed':
		case 'model-found':
		case 'graphs-progressed':
		case 'graphs-built':
			return undefined;
	}
}
