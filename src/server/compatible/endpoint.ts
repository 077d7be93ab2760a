import type {FastifyInstance, FastifyRequest} from 'fastify';
import {z} from 'zod';

import {readParameters, type ParameterShape} from './parameters.js';

export interface Endpoint<Shape extends ParameterShape, Answer extends z.ZodRawShape> {
	readonly method: 'GET' | 'POST';
	readonly url: string;
	readonly summary: string;
	/** Each may come in the query, and with `POST` in a body. */
	readonly parameters: Shape;
	/** Of success; all may be missing, as in a failure. */
	readonly answer: Answer;
	/** @throws {InfinisstError} what is answered with 200 and `error`. */
	handle(parameters: z.output<z.ZodObject<Shape>>, request: FastifyRequest): object | Promise<object>;
}

const wrongTypes = z.object({
	detail: z.array(
		z.object({loc: z.array(z.union([z.string(), z.number()])), msg: z.string(), type: z.string()}),
	),
});

const failure = {success: z.boolean().optional(), error: z.string().optional()};

/** Adds a route of the compatible API: its parameters are read and its failures answered as existing clients expect. */
export function addEndpoint<Shape extends ParameterShape, Answer extends z.ZodRawShape>(
	app: FastifyInstance,
	endpoint: Endpoint<Shape, Answer>,
): void {
	const {method, url, summary, parameters, answer} = endpoint;
	const asked = z.object(parameters).partial();
	app.route({
		method,
		url,
		schema: {
			tags: ['compatible'],
			summary,
			querystring: asked,
			...(method === 'POST' && {body: asked.optional()}),
			...(url.includes(':session_id') && {params: z.object({session_id: z.string()})}),
			response: {
				200: z.looseObject({...z.object(answer).partial().shape, ...failure}),
				422: wrongTypes,
			},
		},
		handler: async request => endpoint.handle(readParameters(request, parameters), request),
	});
}

/** The session that the path names. */
export function sessionIdOf(request: FastifyRequest): string {
	return (request.params as {readonly session_id: string}).session_id;
}
