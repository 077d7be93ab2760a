import type {FastifyInstance} from 'fastify';
import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import type {CompatibleSessions} from '../compatible-sessions.js';
import {addEndpoint} from '../endpoint.js';
import {fail, INVALID_SESSION} from '../failures.js';
import {parseLatencyMultiplier} from '../parse-latency.js';
import {glossaryParameter, readGlossary} from '../read-glossary.js';

const session_id = z.string();
const success = z.boolean();

/** Keeps, changes and ends sessions. */
export function registerSessionControl(
	app: FastifyInstance,
	{sessions}: {readonly sessions: CompatibleSessions},
): void {
	addEndpoint(app, {
		method: 'POST',
		url: '/ping',
		summary: 'Keep a session that sends nothing at the moment',
		parameters: {session_id},
		answer: {success},
		handle({session_id: id}, request) {
			const session = sessions.find(id, request);
			if (session === undefined) return fail(INVALID_SESSION);
			session.hosted.touch();
			return {success: true};
		},
	});

	addEndpoint(app, {
		method: 'POST',
		url: '/reset_translation',
		summary: 'Forget text, audio and caches of a session; it goes on with nothing',
		parameters: {session_id},
		answer: {success, status: z.string(), message: z.string(), session_type: z.string().nullable()},
		handle({session_id: id}, request) {
			const session = sessions.find(id, request);
			if (session === undefined) return fail(INVALID_SESSION);
			session.hosted.reset();
			return {
				success: true,
				status: 'success',
				message: 'Text, audio and caches of the session are forgotten',
				session_type: session.hosted.agentType ?? null,
			};
		},
	});

	addEndpoint(app, {
		method: 'POST',
		url: '/update_latency',
		summary: 'Change the latency multiplier of a session, from its next chunk on',
		parameters: {session_id, latency_multiplier: z.int()},
		answer: {success, latency_multiplier: z.int()},
		handle({session_id: id, latency_multiplier}, request) {
			const session = sessions.find(id, request);
			if (session === undefined) return fail(INVALID_SESSION);
			session.hosted.change({latencyMultiplier: parseLatencyMultiplier(latency_multiplier)});
			return {success: true, latency_multiplier};
		},
	});

	addEndpoint(app, {
		method: 'POST',
		url: '/update_glossary',
		summary: 'Replace the glossary of a session, for what is said from now on; an empty one ends it',
		parameters: {session_id, glossary: glossaryParameter.unwrap()},
		answer: {success, glossary_terms: z.int()},
		handle({session_id: id, glossary: asked}, request) {
			const session = sessions.find(id, request);
			if (session === undefined) return fail(INVALID_SESSION);
			const glossary = readGlossary(asked);
			session.useGlossary(glossary);
			return {success: true, glossary_terms: glossary.length};
		},
	});

	addEndpoint(app, {
		method: 'POST',
		url: '/delete_session',
		summary: 'End a session and free its memory at once; one that is not there is no failure',
		parameters: {session_id},
		answer: {success},
		handle({session_id: id}, request) {
			sessions
				.find(id, request)
				?.hosted.destroy(new InfinisstError('SESSION_UNKNOWN', 'The session was deleted by its client'));
			return {success: true};
		},
	});
}
