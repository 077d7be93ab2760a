import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify';

import {InfinisstError} from '../../core/errors.js';
import {countRefusal, type RefusalReason} from '../limits/count-refusal.js';
import type {ServerParts} from '../server-parts.js';
import {describeRequestFailure} from './request-failure.js';
import {sendFailure} from './send-failure.js';

const REASONS: Readonly<Record<number, RefusalReason>> = {
	413: 'body_size',
	414: 'path',
	415: 'media_type',
};

/** Answers what handlers throw, and paths that nobody knows. */
export function handleErrors(app: FastifyInstance, {metrics}: Pick<ServerParts, 'metrics'>): void {
	app.setErrorHandler(async (error, request, reply) => {
		const {status, wrongValues} = describeRequestFailure(error, request.id);
		const reason = wrongValues.length > 0 ? 'parameters' : REASONS[status];
		if (reason !== undefined) countRefusal(metrics, reason);
		return sendFailure(request, reply, error);
	});
	app.setNotFoundHandler(async (request, reply) => {
		countRefusal(metrics, 'path');
		const error = new InfinisstError('OPTION_INVALID', `There is no ${request.method} at this path`, {
			hint: 'See /docs for those there are.',
		});
		return sendFailure(request, reply, error, 404);
	});
}

/** Answers what fails before there is a route: addresses that cannot be decoded. No hook has run. */
export function answerFrameworkError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
	const {raw} = reply;
	// Nothing closes the connection of an upgrade that never came to a route.
	raw.once('finish', () => raw.socket?.destroySoon());
	void reply.header('connection', 'close').header('x-request-id', request.id);
	void sendFailure(request, reply, error);
}
