import type {FastifyInstance, FastifyRequest} from 'fastify';
import {z} from 'zod';

import {countRefusal} from '../../limits/count-refusal.js';
import type {ServerParts} from '../../server-parts.js';
import type {CompatibleSessions} from '../compatible-sessions.js';
import {CLOSE_INVALID_SESSION, WssConnection} from './wss-connection.js';

export interface WssRouteParts extends Pick<ServerParts, 'settings' | 'metrics' | 'clock'> {
	readonly sessions: CompatibleSessions;
}

/** Audio in, text out, for a session that was opened with `/init`. */
export function registerWss(app: FastifyInstance, {sessions, settings, metrics, clock}: WssRouteParts): void {
	app.get(
		'/wss/:session_id',
		{
			websocket: true,
			config: {watchesSilence: true},
			schema: {
				tags: ['compatible'],
				summary: 'WebSocket: audio in, the whole translation so far out',
				description:
					'Send binary frames of float32 samples (mono, 16 kHz, little-endian) and the text frames EOF and LATENCY:n. ' +
					'Receive INITIALIZING:, READY:, ERROR:, LATENCY_UPDATED: and PROCESSING_COMPLETE: frames; every other frame is the ' +
					'whole translation so far, with several targets that of one, behind its code, as in "[de] Guten Tag". Closed with 4000 for an unknown session, 4001 when another socket takes its place.',
				params: z.object({session_id: z.string()}),
			},
		},
		(socket, request: FastifyRequest) => {
			const {session_id: id} = request.params as {readonly session_id: string};
			const session = sessions.find(id, request);
			if (session !== undefined) {
				new WssConnection({
					session,
					socket,
					clock,
					idleMs: settings().limits.idleSocketMs,
					onRefused: reason => countRefusal(metrics, reason),
				});
				return;
			}
			const reason = sessions.failureOf(id, request);
			if (reason !== undefined) socket.send(`ERROR: ${reason}`);
			socket.close(...CLOSE_INVALID_SESSION);
		},
	);
}
