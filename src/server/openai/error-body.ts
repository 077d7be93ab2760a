import {z, ZodError} from 'zod';

import {InfinisstError, type ErrorCode} from '../../core/errors.js';
import {openAiErrorType} from '../errors/open-ai-error-type.js';
import {describeRequestFailure} from '../errors/request-failure.js';
import type {OpenAiErrorBody} from '../errors/send-failure.js';

/** What an error is in the body of an answer, and in an `error` event of a socket. */
export type OpenAiError = OpenAiErrorBody['error'];

export const errorBodySchema = z.object({
	error: z.object({
		message: z.string(),
		type: z.string(),
		code: z.string().nullable(),
		param: z.string().nullable(),
	}),
});

/** An error as an answer tells it. */
export interface ErrorAnswer {
	readonly status: number;
	readonly error: OpenAiError;
	/** A fault of ours that nobody foresaw: to be logged with its stack. */
	readonly isUnforeseen: boolean;
}

/** What `code` says where OpenAI has a word for it, and which parameter it is about. */
const WORDS: Partial<Record<ErrorCode, {readonly code: string; readonly param?: string}>> = {
	MODEL_UNKNOWN: {code: 'model_not_found', param: 'model'},
	LANGUAGE_PAIR_UNSUPPORTED: {code: 'unsupported_value', param: 'language'},
	OPTION_INVALID: {code: 'invalid_value'},
	AUDIO_UNDECODABLE: {code: 'invalid_value', param: 'file'},
	DECODER_MISSING: {code: 'invalid_value', param: 'file'},
	ACCESS_DENIED: {code: 'invalid_api_key'},
	LIMIT_EXCEEDED: {code: 'rate_limit_exceeded'},
};

/** @param requestId - told for a fault that nobody foresaw, so that it can be found in the log. */
export function describeOpenAiError(error: unknown, requestId: string): ErrorAnswer {
	if (error instanceof ZodError) return describeInvalid(error);
	const {status, code, message, isUnforeseen} = describeRequestFailure(error, requestId);
	const words = InfinisstError.is(error) ? WORDS[error.code] : undefined;
	return {
		status,
		isUnforeseen,
		error: {message, type: openAiErrorType(status), code: words?.code ?? code, param: words?.param ?? null},
	};
}

/** The first thing that is wrong. */
function describeInvalid({issues}: ZodError): ErrorAnswer {
	const [issue] = issues;
	const param = issue?.path.join('.') ?? '';
	const message = issue?.message ?? 'is not valid';
	return {
		status: 400,
		isUnforeseen: false,
		error: {
			message: `${param === '' ? message : `${param}: ${message}`}.`,
			type: 'invalid_request_error',
			code: 'invalid_value',
			param: param === '' ? null : param,
		},
	};
}
