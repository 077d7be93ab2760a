import type {FastifyRequest} from 'fastify';

import type {} from '../auth/guard-access.js';

/** The id of the key that a request came with; undefined where no keys are asked for. */
export function ownerOf({principal}: Pick<FastifyRequest, 'principal'>): string | undefined {
	return principal?.id;
}
