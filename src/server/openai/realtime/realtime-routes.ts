import type {FastifyInstance, FastifyRequest} from 'fastify';
import type {ZodTypeProvider} from 'fastify-type-provider-zod';
import type {WebSocket} from '@fastify/websocket';
import {z} from 'zod';

import type {ServerParts} from '../../server-parts.js';
import {EventSocket} from './event-socket.js';
import type {RealtimeParts, RealtimeSession} from './realtime-session.js';
import {TranscriptionSession} from './transcription-session.js';
import {TranslationSession} from './translation-session.js';

export interface RealtimeRouteParts extends Pick<
	ServerParts,
	'settings' | 'models' | 'sessions' | 'signal' | 'metrics'
> {
	/** The id of the key that a request came with. */
	readonly keyOf: (request: FastifyRequest) => string | undefined;
}

/** What the API calls the default where a client does not name a model. */
const DEFAULT_ALIAS = 'whisper-1';

const querySchema = z.looseObject({
	model: z.string().min(1).default(DEFAULT_ALIAS),
	intent: z.string().optional(),
});

/** `WS /v1/realtime` and `WS /v1/realtime/translations`. */
export function registerRealtimeRoutes(app: FastifyInstance, parts: RealtimeRouteParts): void {
	const routes = app.withTypeProvider<ZodTypeProvider>();
	routes.get(
		'/v1/realtime',
		{
			websocket: true,
			schema: {
				summary: 'Socket: live captions, as transcription sessions of the Realtime API',
				tags: ['openai'],
				querystring: querySchema,
			},
		},
		(socket, request) => {
			const version = isBeta(request) ? 'beta' : 'current';
			const {model} = request.query;
			serve({
				socket,
				request,
				parts,
				create: (open, own) => new TranscriptionSession(open, own, {model, version}),
			});
		},
	);
	routes.get(
		'/v1/realtime/translations',
		{
			websocket: true,
			schema: {
				summary: 'Socket: live translation, as translation sessions of the Realtime API',
				tags: ['openai'],
				querystring: querySchema,
			},
		},
		(socket, request) => {
			const {model} = request.query;
			serve({socket, request, parts, create: (open, own) => new TranslationSession(open, own, {model})});
		},
	);
}

interface RealtimeSocket {
	readonly socket: WebSocket;
	readonly request: FastifyRequest;
	readonly parts: RealtimeRouteParts;
	readonly create: (
		open: (handle: (text: string) => Promise<void>) => EventSocket,
		parts: RealtimeParts,
	) => RealtimeSession;
}

function serve({socket, request, parts: {keyOf, ...parts}, create}: RealtimeSocket): void {
	const session = create(handle => new EventSocket(socket, handle), {
		...parts,
		owner: keyOf(request),
		log: request.log,
		requestId: request.id,
	});
	socket.on('pong', () => session.touch());
	socket.on('ping', () => session.touch());
	socket.once('close', () => session.leave());
	// What is wrong with a frame closes the socket, which is told otherwise.
	socket.on('error', () => undefined);
	try {
		session.greet();
	} catch (error) {
		session.fail(error);
	}
}

/** Clients of the beta say so in a header, or in a browser by a subprotocol. */
function isBeta({headers}: FastifyRequest): boolean {
	return (
		headers['openai-beta'] === 'realtime=v1' ||
		(headers['sec-websocket-protocol'] ?? '').includes('openai-beta.realtime-v1')
	);
}
