import type {FastifyReply, FastifyRequest} from 'fastify';

import {openAiErrorType} from './open-ai-error-type.js';
import {describeRequestFailure, type RequestFailure} from './request-failure.js';

/** The body that OpenAI's clients understand. */
export interface OpenAiErrorBody {
	readonly error: {
		readonly message: string;
		readonly type: string;
		readonly code: string | null;
		readonly param: string | null;
	};
}

/**
 * Answers a request that failed, in the manner of its part of the API: `/v1` as OpenAI does, all else with `error`
 * and `request_id`, or with `detail` where values have wrong types.
 *
 * @param status - where the code alone does not say it.
 */
export async function sendFailure(
	request: FastifyRequest,
	reply: FastifyReply,
	error: unknown,
	status?: number,
): Promise<FastifyReply> {
	const described = describeRequestFailure(error, request.id);
	if (described.isUnforeseen) request.log.error({err: error}, 'request failed');
	const isOpenAi = isOpenAiPath(request.url);
	const failure = {...described, status: status ?? openAiStatus(described, isOpenAi)};
	if (failure.status === 429 && !reply.hasHeader('retry-after')) void reply.header('retry-after', '1');
	// A serializer of the route would refuse a body that is not its own.
	return reply
		.code(failure.status)
		.type('application/json; charset=utf-8')
		.serializer((body: unknown) => JSON.stringify(body))
		.send(isOpenAi ? openAiBody(failure) : body(failure, request.id));
}

export function isOpenAiPath(url: string): boolean {
	return /^\/v1(?:[/?#]|$)/.test(url);
}

function openAiStatus({status, wrongValues}: RequestFailure, isOpenAi: boolean): number {
	return isOpenAi && wrongValues.length > 0 ? 400 : status;
}

function openAiBody({status, message, code, wrongValues}: RequestFailure): OpenAiErrorBody {
	const [wrong] = wrongValues;
	return {
		error: {
			message,
			type: openAiErrorType(status),
			code: status === 401 ? 'invalid_api_key' : code,
			param: wrong?.loc.slice(1).join('.') ?? null,
		},
	};
}

function body({message, wrongValues}: RequestFailure, requestId: string): Readonly<Record<string, unknown>> {
	return wrongValues.length > 0
		? {detail: wrongValues, error: message, request_id: requestId}
		: {error: message, request_id: requestId};
}
