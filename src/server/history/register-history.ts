import type {IncomingMessage} from 'node:http';
import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify';

import {InfinisstError} from '../../core/errors.js';
import {withoutKeys} from '../auth/presented-keys.js';
import {sendFailure} from '../errors/send-failure.js';
import type {ServerParts} from '../server-parts.js';
import {HISTORY_PATH} from './mounted-history.js';

/** `GET /history/…`, where a history is mounted. Who may not ask never gets here: see `requireKey()`. */
export function registerHistory(app: FastifyInstance, {mountedHistory, signal}: ServerParts): void {
	if (mountedHistory === undefined) return;
	/** What came right behind a request for another protocol. */
	const rests = new WeakMap<IncomingMessage, Buffer>();
	app.server.prependListener('upgrade', (request, _socket, rest) => void rests.set(request, rest));
	// Logs that are followed and sockets of live clusters would keep the server for ever.
	signal.addEventListener('abort', () => void mountedHistory.endLive(), {once: true});

	const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
		reply.hijack();
		// The dashboard's page needs more than ours; pages of our own bring a stricter one.
		reply.raw.removeHeader('content-security-policy');
		await mountedHistory.answer(request.raw, reply.raw);
	};
	const schema = {
		summary: "What happened: Ray's API and pages",
		description:
			"The answers of Ray's head for a session that is kept, below /history/c/{namespace}/{name}/{session}/. See docs/history.md.",
		tags: ['history'],
	};
	app.get(HISTORY_PATH, {schema: {...schema, hide: true}}, (_request, reply) =>
		reply.redirect(`${HISTORY_PATH}/`),
	);
	app.route({
		method: 'GET',
		url: `${HISTORY_PATH}/*`,
		schema,
		config: {passesSockets: true},
		onRequest(request, reply, done) {
			if (!request.ws) {
				done();
				return;
			}
			reply.hijack();
			const {socket, headers} = request.raw;
			headers['sec-websocket-protocol'] = withoutKeys(headers['sec-websocket-protocol']);
			// The answer is the history's, head and all.
			reply.raw.detachSocket(socket);
			mountedHistory.upgrade(request.raw, socket, rests.get(request.raw) ?? Buffer.alloc(0));
		},
		handler: answer,
	});
	app.route({
		method: ['POST', 'PUT', 'PATCH', 'DELETE'],
		url: `${HISTORY_PATH}/*`,
		schema: {hide: true},
		// Before its body is read.
		onRequest: (request, reply) => {
			void reply.header('allow', 'GET, HEAD');
			const error = new InfinisstError('OPTION_INVALID', 'The history is only looked at from here', {
				hint: 'Jobs of live clusters are changed through "infinisst history serve --allow-jobs".',
			});
			return sendFailure(request, reply, error, 405);
		},
		handler: () => undefined,
	});
}
