import type {RouterEvent} from '../../../core/engine/router/router-event.js';
import type {RunRecorder} from '../../../history/record/run-recorder.js';

/** Tells the history when replicas come and go. */
export function recordRouterEvent(recorder: RunRecorder, event: RouterEvent, model: string): void {
	// Models count their replicas each for itself; so a replica's engine calls itself, too (store-model-loader.ts).
	const nameOf = (id: string): string => `${model}/${id}`;
	if (event.type === 'replica-started') recorder.replicaStarted(nameOf(event.id), model);
	if (event.type === 'replica-lost') recorder.replicaEnded(nameOf(event.id), event.cause);
}
