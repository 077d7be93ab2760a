import type {FastifyInstance} from 'fastify';
import {z} from 'zod';

import type {ServerParts} from '../../server-parts.js';
import type {HostedSession} from '../../sessions/session-host.js';
import type {CompatibleSessions} from '../compatible-sessions.js';
import {describeEngine} from '../describe-engine.js';
import {addEndpoint} from '../endpoint.js';
import {describeFailure} from '../failures.js';
import {ownerOf} from '../owner-of.js';
import type {SessionLog} from '../session-log.js';
import {roundToThousandths} from '../round-to-thousandths.js';

export interface HealthRouteParts extends Pick<ServerParts, 'settings' | 'models' | 'signal'> {
	readonly sessions: CompatibleSessions;
	readonly log: SessionLog;
}

const MAX_HISTORY = 1000;

/** How the server and its sessions are. */
export function registerHealth(
	app: FastifyInstance,
	{settings, models, signal, sessions, log}: HealthRouteParts,
): void {
	addEndpoint(app, {
		method: 'GET',
		url: '/health',
		summary: 'How the server is, and the sessions it has',
		parameters: {},
		answer: {
			status: z.enum(['healthy', 'degraded', 'stopping']),
			time: z.number(),
			ray_available: z.boolean(),
			active_sessions_count: z.int(),
			active_sessions: z.array(z.looseObject({session_id: z.string()})),
			ray_stats: z.looseObject({}).optional(),
			ray_stats_error: z.string().optional(),
		},
		async handle(_parameters, request) {
			const list = sessions.list(request);
			return {
				status: describeStatus(),
				time: Date.now() / 1000,
				ray_available: false,
				active_sessions_count: list.length,
				active_sessions: list.map(describeSession),
				...(await describeEngine(models, list.length).then(
					ray_stats => ({ray_stats}),
					(error: unknown) => ({ray_stats_error: describeFailure(error)}),
				)),
			};
		},
	});

	addEndpoint(app, {
		method: 'GET',
		url: '/debug/session_stats',
		summary: 'The sessions that live, with their ages',
		parameters: {},
		answer: {success: z.boolean(), count: z.int(), sessions: z.array(z.looseObject({}))},
		handle(_parameters, request) {
			const list = sessions.list(request);
			return {
				success: true,
				count: list.length,
				sessions: list.map(session => ({
					...describeSession(session),
					status: session.progress.status,
					queue_position: session.progress.queuePosition,
					model: session.model ?? null,
					age_seconds: roundToThousandths((Date.now() - session.createdAtMs) / 1000),
					inactive_seconds: roundToThousandths(session.inactiveMs / 1000),
					audio_seconds: roundToThousandths(session.audioMs / 1000),
				})),
			};
		},
	});

	addEndpoint(app, {
		method: 'GET',
		url: '/debug/session_history',
		summary: 'Every session that was created, newest first',
		parameters: {limit: z.int().default(100)},
		answer: {success: z.boolean(), count: z.int(), sessions: z.array(z.looseObject({}))},
		async handle({limit}, request) {
			const entries = await log.list(ownerOf(request), Math.min(Math.max(limit, 0), MAX_HISTORY));
			return {
				success: true,
				count: entries.length,
				sessions: entries.map(entry => ({
					session_id: entry.sessionId,
					type: entry.door,
					agent_type: entry.agentType ?? null,
					language_pair: entry.languagePair ?? null,
					user_id: entry.clientId ?? null,
					created_at: entry.createdAtMs / 1000,
					ended_at: entry.endedAtMs === undefined ? null : entry.endedAtMs / 1000,
					audio_seconds: roundToThousandths(entry.audioMs / 1000),
					reason: entry.cause ?? null,
				})),
			};
		},
	});

	function describeStatus(): 'healthy' | 'degraded' | 'stopping' {
		if (signal.aborted) return 'stopping';
		const isLacking = [...models.routers().values()].some(router =>
			router.routerStatistics().replicas.some(({state}) => state !== 'ready'),
		);
		// What some client asked for and could not be fetched is no fault of the server.
		const configured = new Set(settings().models);
		const hasFailed = models.models().some(({name, state}) => state === 'failed' && configured.has(name));
		return isLacking || hasFailed ? 'degraded' : 'healthy';
	}
}

function describeSession(session: HostedSession): Readonly<Record<string, unknown>> {
	return {
		session_id: session.id,
		type: session.door,
		agent_type: session.agentType ?? null,
		language_pair: session.languagePair ?? null,
		user_id: session.clientId ?? null,
		latency_multiplier: session.options.latencyMultiplier ?? null,
		inactive_for: `${(session.inactiveMs / 1000).toFixed(1)}s`,
		created_at: session.createdAtMs / 1000,
	};
}
