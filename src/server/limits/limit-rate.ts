import rateLimit from '@fastify/rate-limit';
import type {FastifyInstance} from 'fastify';

import {OPEN_PATH} from '../auth/guard-access.js';
import {InfinisstError} from '../../core/errors.js';
import {sendFailure} from '../errors/send-failure.js';
import type {ServerParts} from '../server-parts.js';
import {countRefusal} from './count-refusal.js';

/** Requests of each key, or of each address that has none, within a second; sockets are counted when they are opened. */
export async function limitRate(app: FastifyInstance, {settings, metrics}: ServerParts): Promise<void> {
	await app.register(rateLimit, {global: false});
	const take = app.createRateLimit({
		max: () => settings().limits.requestsPerSecond,
		timeWindow: 1000,
		allowList: () => settings().limits.requestsPerSecond === 0,
		keyGenerator: ({principal, ip}) => (principal === undefined ? `address ${ip}` : `key ${principal.id}`),
	});
	app.addHook('onRequest', async (request, reply) => {
		// Who watches over the server always gets an answer.
		if (request.routeOptions.url === OPEN_PATH) return undefined;
		const taken = await take(request);
		if (taken.isAllowed || !taken.isExceeded) return undefined;
		countRefusal(metrics, 'rate');
		void reply.header('retry-after', String(taken.ttlInSeconds));
		const error = new InfinisstError('LIMIT_EXCEEDED', `More than ${taken.max} requests within a second`, {
			hint: 'Ask again in a second.',
		});
		return sendFailure(request, reply, error);
	});
}
