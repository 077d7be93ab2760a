import type {FastifyInstance, FastifyRequest} from 'fastify';
import type {ZodTypeProvider} from 'fastify-type-provider-zod';
import {Counter, Gauge} from 'prom-client';
import {z} from 'zod';

import {InfinisstError} from '../../core/errors.js';
import {countRefusal, type RefusalReason} from '../limits/count-refusal.js';
import type {ServerParts} from '../server-parts.js';
import {MemoryStreamArchive} from './memory-stream-archive.js';
import {serveListener} from './serve-listener.js';
import type {SessionFeed} from './session-feed.js';
import {SessionFeeds} from './session-feeds.js';
import {StreamRegistry} from './stream-registry.js';
import {serveStreamSocket, type StreamBegin} from './stream-socket.js';
import {resolveStreamQuery, streamQuerySchema, type StreamQuery} from './stream-query.js';

/** By the code that the client is told. Limits are counted where they are watched over. */
const REFUSAL_REASONS: Readonly<Record<string, RefusalReason>> = {
	AUDIO_UNDECODABLE: 'audio',
	OPTION_INVALID: 'frame',
};

/** `WS /v1/stream` and `WS /v1/stream/{session}/listen`. Refused before the upgrade with a status, after it with an `error` event. */
export function registerStream(app: FastifyInstance, parts: ServerParts): void {
	const {sessions, settings, clock, signal, metrics} = parts;
	const feeds = new SessionFeeds(sessions, clock);
	const refused = new Counter({
		name: 'infinisst_stream_refused_messages_total',
		help: 'Messages on stream sockets that were left out, by the code of the reason',
		labelNames: ['code'],
		registers: [metrics],
	});
	const resumed = new Counter({
		name: 'infinisst_stream_resumes_total',
		help: 'Sockets that went on with a session',
		registers: [metrics],
	});
	const hopeless = new Counter({
		name: 'infinisst_stream_slow_listeners_total',
		help: 'Listeners that were closed because they did not read',
		registers: [metrics],
	});
	new Gauge({
		name: 'infinisst_stream_listeners',
		help: 'Sockets that listen to a session',
		registers: [metrics],
		collect() {
			this.set(feeds.listeners);
		},
	});
	const onRefused = (code: string): void => {
		refused.inc({code});
		const reason = REFUSAL_REASONS[code];
		if (reason !== undefined) countRefusal(metrics, reason);
	};
	const onFault = (error: unknown): void => app.log.error({err: error}, 'a stream failed');
	const registry = new StreamRegistry({
		sessions,
		settings,
		feeds,
		archive: parts.archive ?? new MemoryStreamArchive(),
		clock,
		onRefused,
		onFault,
	});
	const prepared = new WeakMap<FastifyRequest, StreamBegin>();
	const prepare = async (request: FastifyRequest): Promise<void> => {
		const purpose = resolveStreamQuery(request.query as StreamQuery);
		const owner = ownerOf(request);
		switch (purpose.type) {
			case 'wait':
				return;
			case 'open':
				prepared.set(request, {stream: registry.open({...purpose, owner}), lastSeq: undefined});
				return;
			case 'resume': {
				const {token, lastSeq} = purpose;
				prepared.set(request, {stream: await registry.resume(token, lastSeq, owner), lastSeq});
				resumed.inc();
			}
		}
	};

	const routes = app.withTypeProvider<ZodTypeProvider>();
	routes.route({
		method: 'GET',
		url: '/v1/stream',
		config: {watchesSilence: true, watchesPeer: true},
		schema: {
			tags: ['stream'],
			summary: 'Translates one speaker, as JSON events (socket)',
			description:
				'A WebSocket with the subprotocol infinisst.v1: binary messages are audio, text messages are JSON. See docs/server-stream.md.',
			querystring: streamQuerySchema,
		},
		preHandler: async request => {
			if (request.ws) await prepare(request);
		},
		websocket: true,
		handler(socket, request) {
			serveStreamSocket({
				socket,
				registry,
				feeds,
				begin: prepared.get(request),
				owner: ownerOf(request),
				clock,
				idleMs: settings().limits.idleSocketMs,
				signal,
				onRefused,
				onResumed: () => resumed.inc(),
				onIdle: () => countRefusal(metrics, 'idle_socket'),
				onFault,
			});
		},
	});

	const found = new WeakMap<FastifyRequest, SessionFeed>();
	routes.route({
		method: 'GET',
		url: '/v1/stream/:session/listen',
		config: {watchesSilence: true, watchesPeer: true},
		schema: {
			tags: ['stream'],
			summary: 'Hears what a session says, whichever door it came in by (socket)',
			description:
				'A WebSocket with the subprotocol infinisst.v1 that only sends: the text so far, then the events of the session.',
			params: z.object({session: z.string().describe('Its id, percent-encoded')}),
		},
		preHandler: (request, _reply, done) => {
			if (request.ws)
				found.set(
					request,
					findFeed(feeds, request.params.session, ownerOf(request), settings().limits.listenersPerSession),
				);
			done();
		},
		websocket: true,
		handler(socket, request) {
			serveListener({
				socket,
				feed: found.get(request)!,
				clock,
				signal,
				onHopeless: () => hopeless.inc(),
			});
		},
	});
}

/** @throws {InfinisstError} `SESSION_UNKNOWN`; `LIMIT_EXCEEDED` when as many listen as may. */
function findFeed(
	feeds: SessionFeeds,
	id: string,
	owner: string | undefined,
	maxListeners: number,
): SessionFeed {
	const feed = feeds.find(id);
	if (feed === undefined || feed.session.owner !== owner) {
		throw new InfinisstError('SESSION_UNKNOWN', 'There is no such session here, or it has ended', {
			hint: 'Ask whoever speaks for the id of the session, and percent-encode it.',
		});
	}

	if (feed.listeners >= maxListeners) {
		throw new InfinisstError(
			'LIMIT_EXCEEDED',
			`The session has ${maxListeners} listeners, and may have no more`,
			{
				hint: 'Raise limits.listenersPerSession of the server.',
			},
		);
	}
	return feed;
}

function ownerOf(request: FastifyRequest): string | undefined {
	return request.principal?.id;
}
