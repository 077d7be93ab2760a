import type {FastifyInstance} from 'fastify';

import {InfinisstError} from '../../core/errors.js';
import {countRefusal} from '../limits/count-refusal.js';
import type {ServerParts} from '../server-parts.js';
import {ParameterError} from './parameters.js';

/** A failure that existing clients look for: they decide on `error`, and take a status other than 200 for a server that is gone. */
export interface Failure {
	readonly success: false;
	/** What happened and what to do. */
	readonly error: string;
}

/** Existing clients compare this text. */
export const INVALID_SESSION = 'Invalid session ID';
/** Existing clients compare this text. */
export const SESSION_NOT_FOUND = 'Session not found';

export function fail(error: string): Failure {
	return {success: false, error};
}

/** For people: what happened, and what to do. Nothing of faults that nobody foresaw, which may name anything. */
export function describeFailure(error: unknown): string {
	if (!InfinisstError.is(error)) return 'The server failed in a way that nobody foresaw. Its log says more.';
	const {message, hint} = error;
	return hint === undefined ? message : `${/[.!?]$/.test(message) ? message : `${message}.`} ${hint}`;
}

/** Answers parameters of a wrong type with 422, logical failures with 200; all others are left to the server. */
export function answerFailures(app: FastifyInstance, {metrics}: Pick<ServerParts, 'metrics'>): void {
	app.setErrorHandler((error, _request, reply) => {
		if (error instanceof ParameterError) {
			countRefusal(metrics, 'parameters');
			return reply.code(422).send({detail: error.detail});
		}
		if (InfinisstError.is(error) && error.code !== 'INTERNAL_FAULT' && error.code !== 'ACCESS_DENIED') {
			return reply.code(200).send(fail(describeFailure(error)));
		}
		throw error;
	});
}
