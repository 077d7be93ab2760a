import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify';

import type {ServerParts} from '../server-parts.js';
import {HISTORY_PATH} from './mounted-history.js';

/** `GET /history/…`, where a history is mounted. Who may not ask never gets here: see `requireKey()`. */
export function registerHistory(app: FastifyInstance, {mountedHistory}: ServerParts): void {
	if (mountedHistory === undefined) return;
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
	app.get(`${HISTORY_PATH}/*`, {schema}, answer);
}
