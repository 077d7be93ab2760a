import type {FastifyInstance, FastifyRequest} from 'fastify';
import type {Logger} from 'pino';

import type {ServerParts} from '../server-parts.js';

/** Asked for again and again by whoever watches over the server. */
const ROUTINE = new Set(['/livez', '/readyz', '/metrics', '/ping', '/queue_status/:session_id']);

/**
 * One line for each request, with its id and its session's. Of the query nothing is told, and nothing of bodies: keys,
 * tokens and texts are there.
 */
export function logRequests(
	app: FastifyInstance,
	logger: Logger,
	{settings}: Pick<ServerParts, 'settings'>,
): void {
	app.addHook('onRequest', (request, reply, done) => {
		// Settings may change while the server runs.
		const {logLevel} = settings();
		if (logger.level !== logLevel) logger.level = logLevel;
		void reply.header('x-request-id', request.id);
		done();
	});
	app.addHook('onResponse', (request, reply, done) => {
		const {url: path = 'unknown'} = request.routeOptions;
		const level = reply.statusCode < 500 && ROUTINE.has(path) ? 'debug' : 'info';
		const session = sessionOf(request);
		request.log[level](
			{
				method: request.method,
				path,
				status: reply.statusCode,
				duration_ms: Math.round(reply.elapsedTime * 10) / 10,
				address: request.ip,
				...(session !== undefined && {session_id: session}),
				...(request.principal !== undefined && {key: request.principal.id}),
			},
			'request',
		);
		done();
	});
}

function sessionOf({params, query, body}: FastifyRequest): string | undefined {
	for (const place of [params, query, body]) {
		if (typeof place !== 'object' || place === null) continue;
		const {session_id: id, session} = place as Readonly<Record<string, unknown>>;
		const found = id ?? session;
		// Whoever shows a log line on a terminal shall not be commanded by it.
		if (typeof found === 'string') return found.slice(0, 256).replaceAll(/[\p{Cc}\u2028\u2029]/gu, '?');
	}
	return undefined;
}
