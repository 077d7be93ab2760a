import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type {FastifyInstance} from 'fastify';
import {jsonSchemaTransform, jsonSchemaTransformObject} from 'fastify-type-provider-zod';

import {completeDescription, type Description} from './complete-description.js';

const DESCRIPTION = `Simultaneous speech translation.

Addresses with \`x-websocket\` are WebSockets: they answer 101 to an upgrade and 426 to everything else. Where the server has
keys, all but \`/livez\` want one: as bearer token, as \`?api_key=\`, or for sockets as the subprotocol \`infinisst.key.<key>\`.`;

/** Before any route. */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
	await app.register(swagger, {
		openapi: {
			openapi: '3.1.0',
			info: {title: 'infinisst', version, description: DESCRIPTION},
			tags: [
				{name: 'compatible', description: 'As the clients of the InfiniSST server know it'},
				{name: 'stream', description: 'Live translation'},
				{name: 'openai', description: "As OpenAI's clients know it"},
				{name: 'media', description: 'Recordings, of this server and of other sites'},
				{name: 'health', description: 'For whoever watches over the server'},
			],
			components: {
				securitySchemes: {
					bearer: {type: 'http', scheme: 'bearer'},
					query: {type: 'apiKey', in: 'query', name: 'api_key'},
				},
			},
			security: [{bearer: []}, {query: []}, {}],
		},
		transform: document => {
			const {schema, url} = jsonSchemaTransform(document);
			if (document.route.config?.isSocket !== true) return {schema, url};
			const response = {101: {type: 'null', description: 'It is a WebSocket from now on.'}};
			return {schema: {...schema, 'x-websocket': true, response}, url};
		},
		transformObject: document => {
			const description = jsonSchemaTransformObject(document);
			completeDescription(description as Description);
			return description;
		},
	});
}

/** After all routes, in a scope of its own. */
export async function registerOpenApi(app: FastifyInstance): Promise<void> {
	app.get('/openapi.json', {schema: {hide: true}}, (_request, reply) =>
		reply.type('application/json; charset=utf-8').send(JSON.stringify(app.swagger())),
	);
	await app.register(swaggerUi, {routePrefix: '/docs', uiConfig: {deepLinking: true}, staticCSP: true});
}
