import type {FastifyInstance} from 'fastify';
import {z} from 'zod';

import type {ServerParts} from '../../server-parts.js';
import {AGENT_TYPES, parseAgentType} from '../agents.js';
import type {CompatibleSessions} from '../compatible-sessions.js';
import {addEndpoint, sessionIdOf} from '../endpoint.js';
import {SESSION_NOT_FOUND} from '../failures.js';
import {joinPairs, parsePair} from '../language-pairs.js';
import {openCompatibleSession} from '../open-compatible-session.js';
import {languagePairParameter} from '../parameters.js';
import {parseLatencyMultiplier} from '../parse-latency.js';
import {glossaryParameter, readGlossary} from '../read-glossary.js';
import type {SessionNames} from '../session-names.js';

export interface InitRouteParts extends Pick<ServerParts, 'settings' | 'models'> {
	readonly sessions: CompatibleSessions;
	readonly names: SessionNames;
}

/** Opens sessions, and tells how they stand in line. */
export function registerInit(
	app: FastifyInstance,
	{settings, models, sessions, names}: InitRouteParts,
): void {
	addEndpoint(app, {
		method: 'POST',
		url: '/init',
		summary: 'Open a session; its audio and text go over /wss/{session_id}',
		parameters: {
			agent_type: z.string().default(AGENT_TYPES[0]),
			language_pair: languagePairParameter,
			latency_multiplier: z.int().optional(),
			client_id: z.string().optional(),
			evaluation_mode: z.boolean().default(false),
			glossary: glossaryParameter,
		},
		answer: {
			session_id: z.string(),
			queued: z.boolean(),
			queue_position: z.int(),
			initializing: z.boolean(),
			ray_based: z.boolean(),
			evaluation_mode: z.boolean(),
			glossary_terms: z.int(),
		},
		handle(parameters, request) {
			const pairs = models.pairs();
			const glossary = parameters.glossary === undefined ? undefined : readGlossary(parameters.glossary);
			const languagePair = joinPairs(parameters.language_pair);
			const {hosted} = openCompatibleSession(sessions, names, {
				agentType: parseAgentType(parameters.agent_type),
				languagePair,
				pair: parsePair(languagePair, pairs),
				clientId: parameters.client_id === '' ? undefined : parameters.client_id,
				latencyMultiplier: parseLatencyMultiplier(
					parameters.latency_multiplier ?? settings().latencyMultiplier,
				),
				isEvaluated: parameters.evaluation_mode,
				glossary,
				model: undefined,
				pairs,
				request,
			});
			const {status, queuePosition} = hosted.progress;
			return {
				session_id: hosted.id,
				queued: status === 'queued',
				queue_position: queuePosition,
				initializing: status === 'initializing',
				ray_based: false,
				evaluation_mode: parameters.evaluation_mode,
				...(glossary !== undefined && {glossary_terms: glossary.length}),
			};
		},
	});

	addEndpoint(app, {
		method: 'GET',
		url: '/queue_status/:session_id',
		summary: 'How a session stands: active, initializing, queued or not found',
		parameters: {},
		answer: {
			session_id: z.string(),
			status: z.enum(['active', 'initializing', 'queued', 'not_found']),
			queued: z.boolean(),
			queue_position: z.int(),
			session_type: z.string().nullable(),
		},
		handle(_parameters, request) {
			const id = sessionIdOf(request);
			const session = sessions.find(id, request);
			const progress = session?.hosted.progress;
			if (session === undefined || progress === undefined || progress.status === 'ended') {
				return {
					session_id: id,
					status: 'not_found',
					queued: false,
					queue_position: 0,
					session_type: null,
					error: sessions.failureOf(id, request) ?? SESSION_NOT_FOUND,
				};
			}
			const {status, queuePosition, etaMs, activity} = progress;
			return {
				session_id: id,
				status,
				queued: status === 'queued',
				queue_position: queuePosition,
				session_type: session.hosted.agentType ?? null,
				...(etaMs !== undefined && {eta_seconds: Math.ceil(etaMs / 1000)}),
				...(activity !== undefined && {activity}),
			};
		},
	});
}
