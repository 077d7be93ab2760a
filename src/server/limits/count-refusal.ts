import {Counter, type Registry} from 'prom-client';

/** Why something was not taken; the label of `infinisst_refused_total`. */
export type RefusalReason =
	| 'address'
	| 'audio'
	| 'body_size'
	| 'connections'
	| 'encoding'
	| 'frame'
	| 'frame_size'
	| 'headers'
	| 'host'
	| 'idle_socket'
	| 'key'
	| 'malformed'
	| 'media_type'
	| 'origin'
	| 'parameters'
	| 'path'
	| 'rate'
	| 'slow'
	| 'sockets';

const NAME = 'infinisst_refused_total';

/** Counts something that was refused. */
export function countRefusal(metrics: Registry, reason: RefusalReason): void {
	refusalCounter(metrics).inc({reason});
}

export function refusalCounter(metrics: Registry): Counter<'reason'> {
	return (
		(metrics.getSingleMetric(NAME) as Counter<'reason'> | undefined) ??
		new Counter({
			name: NAME,
			help: 'Requests, sockets and frames that were refused, by reason.',
			labelNames: ['reason'],
			registers: [metrics],
		})
	);
}
