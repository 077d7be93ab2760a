import type {FastifyInstance} from 'fastify';
import {collectDefaultMetrics, Counter, Gauge, Histogram} from 'prom-client';

import {refusalCounter} from '../limits/count-refusal.js';
import type {ServerParts} from '../server-parts.js';
import {measureReplicas} from './replica-metrics.js';
import {measureSessions} from './session-metrics.js';

/** From an answer of the memory to an upload that is translated. */
const DURATION_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120];

/**
 * Measures what the server does, and answers `/metrics`.
 *
 * @returns stops it.
 */
export function measureServer(
	app: FastifyInstance,
	parts: ServerParts,
	openSockets: () => number,
): () => void {
	const {metrics} = parts;
	if (metrics.getSingleMetric('nodejs_eventloop_lag_p99_seconds') === undefined) {
		collectDefaultMetrics({register: metrics});
	}
	refusalCounter(metrics);
	const durations = new Histogram({
		name: 'infinisst_http_request_duration_seconds',
		help: 'From the headers of a request to the end of its answer.',
		labelNames: ['method', 'route', 'status'],
		buckets: DURATION_BUCKETS,
		registers: [metrics],
	});
	new Gauge({
		name: 'infinisst_sockets_open',
		help: 'WebSockets that are open.',
		registers: [metrics],
		collect() {
			this.set(openSockets());
		},
	});
	const opened = new Counter({
		name: 'infinisst_sockets_opened_total',
		help: 'WebSockets that were opened.',
		registers: [metrics],
	});

	app.addHook('onReady', done => {
		app.websocketServer.on('connection', () => opened.inc());
		done();
	});
	app.addHook('onResponse', (request, reply, done) => {
		// An unknown path is no label: there is no end of them.
		const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
		durations.observe({method: request.method, route, status: reply.statusCode}, reply.elapsedTime / 1000);
		done();
	});
	const stopSessions = measureSessions(parts);
	const refreshReplicas = measureReplicas(parts);
	app.get(
		'/metrics',
		{schema: {tags: ['health'], summary: 'Figures for Prometheus'}},
		async (_request, reply) => {
			await refreshReplicas();
			return reply.type(metrics.contentType).send(await metrics.metrics());
		},
	);
	return stopSessions;
}
