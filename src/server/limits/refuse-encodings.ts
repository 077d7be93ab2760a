import type {FastifyInstance} from 'fastify';

import {InfinisstError} from '../../core/errors.js';
import {sendFailure} from '../errors/send-failure.js';
import type {ServerParts} from '../server-parts.js';
import {countRefusal} from './count-refusal.js';

/** Nothing is unpacked here, so nothing small can become large. */
export function refuseEncodings(app: FastifyInstance, {metrics}: Pick<ServerParts, 'metrics'>): void {
	app.addHook('onRequest', async (request, reply) => {
		const encoding = request.headers['content-encoding'];
		if (encoding === undefined || encoding.trim().toLowerCase() === 'identity') return undefined;
		countRefusal(metrics, 'encoding');
		// The body is not read, so the connection cannot be used again.
		void reply.header('connection', 'close').header('accept-encoding', 'identity');
		const error = new InfinisstError('OPTION_INVALID', 'Bodies with a content-encoding are not taken', {
			hint: 'Send it as it is.',
		});
		return sendFailure(request, reply, error, 415);
	});
}
