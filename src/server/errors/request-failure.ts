import type {FastifyError} from 'fastify';
import {hasZodFastifySchemaValidationErrors} from 'fastify-type-provider-zod';

import {InfinisstError} from '../../core/errors.js';
import {HTTP_STATUS} from '../http-status.js';

/** One value that has not the type it must have, as clients of the compatible API know it. */
export interface WrongValue {
	/** `query`, `path`, `header` or `body`, then the way to the value. */
	readonly loc: readonly (string | number)[];
	readonly msg: string;
	readonly type: string;
}

/** A failed request as its client is told of it. */
export interface RequestFailure {
	readonly status: number;
	/** Lower case; null for a fault that nobody foresaw. */
	readonly code: string | null;
	/** Sentences: what happened, and what to do. */
	readonly message: string;
	/** Of a request that does not fit its schema, else none. */
	readonly wrongValues: readonly WrongValue[];
	/** A fault of ours, to be logged with its stack; nothing of it is told. */
	readonly isUnforeseen: boolean;
}

const PLACES: Readonly<Record<string, string>> = {
	querystring: 'query',
	params: 'path',
	headers: 'header',
	body: 'body',
};

export function describeRequestFailure(error: unknown, requestId: string): RequestFailure {
	if (InfinisstError.is(error) && error.code !== 'INTERNAL_FAULT') {
		return {
			status: HTTP_STATUS[error.code],
			code: error.code.toLowerCase(),
			message: joinSentences(error.message, error.hint),
			wrongValues: [],
			isUnforeseen: false,
		};
	}

	if (hasZodFastifySchemaValidationErrors(error)) return describeInvalid(error);
	const {statusCode, code, message} = error as Partial<FastifyError>;
	if (!InfinisstError.is(error) && statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
		return describeRefused(error, statusCode, code, joinSentences(String(message)));
	}

	return {
		status: 500,
		code: null,
		message: `The server failed at this request. Its log says more under ${requestId}.`,
		wrongValues: [],
		isUnforeseen: true,
	};
}

function describeInvalid(error: Parameters<typeof hasZodFastifySchemaValidationErrors>[0]): RequestFailure {
	const {validation, validationContext} = error as FastifyError;
	const place = PLACES[validationContext ?? ''] ?? 'body';
	const wrongValues = (validation ?? []).map(({instancePath, keyword, message}) => ({
		loc: [place, ...instancePath.split('/').filter(step => step !== '')],
		msg: message ?? 'is not valid',
		type: keyword,
	}));
	const [first] = wrongValues;
	return {
		status: 422,
		code: 'option_invalid',
		message: joinSentences(first === undefined ? 'Not valid' : `${first.loc.join('.')}: ${first.msg}`),
		wrongValues,
		isUnforeseen: false,
	};
}

/** What fastify and its plugins refuse by themselves: a size, a media type, JSON that is none. */
function describeRefused(
	error: unknown,
	status: number,
	code: string | undefined,
	message: string,
): RequestFailure {
	const isJson =
		error instanceof SyntaxError ||
		code === 'FST_ERR_CTP_INVALID_JSON_BODY' ||
		code === 'FST_ERR_CTP_EMPTY_JSON_BODY';
	return {
		status: isJson ? 422 : status,
		code: code?.toLowerCase() ?? null,
		message,
		wrongValues: isJson ? [{loc: ['body'], msg: message, type: 'json_invalid'}] : [],
		isUnforeseen: false,
	};
}

function joinSentences(first: string, second?: string): string {
	const closed = /[.!?]$/.test(first) ? first : `${first}.`;
	return second === undefined ? closed : `${closed} ${second}`;
}
